"""What staff types about users, and what readers of the audit trail look for."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from accounts.audit_events import ACTION_LENGTH, ACTION_PATTERN
from accounts.models import User
from accounts.period_forms import PeriodForm
from accounts.problem_forms import ProblemForm
from accounts.tiers import Tier
from accounts.users import EMAIL_LENGTH, NAME_LENGTH

ANY: Final = ("", "Any")
ACTIVE_CHOICES: Final = (ANY, ("yes", "Active"), ("no", "Switched off"))
TIER_CHOICES: Final = (ANY, *Tier.choices)
STAFF_HELP: Final = "Sees these pages and Django's admin."


class UserSearchForm(forms.Form):
    search = forms.CharField(
        label="E-mail or name",
        required=False,
        max_length=100,
        widget=forms.SearchInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    tier = forms.ChoiceField(required=False, choices=TIER_CHOICES)
    active = forms.ChoiceField(label="State", required=False, choices=ACTIVE_CHOICES)

    def filters(self) -> dict[str, Any]:
        """For ``UserManager.matching``; a filter that makes no sense filters nothing."""
        found = self.cleaned_data if self.is_valid() else {}
        active = found.get("active")
        return {
            "search": found.get("search") or None,
            "tier": found.get("tier") or None,
            "is_active": active == "yes" if active else None,
        }


class NewUserForm(ProblemForm):
    email = forms.EmailField(
        label="E-mail",
        max_length=EMAIL_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    display_name = forms.CharField(label="Name", required=False, max_length=NAME_LENGTH)
    password = forms.CharField(
        required=False,
        max_length=1_000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Left empty, he lets himself in by “Forgot your password?”.",
    )
    tier = forms.ChoiceField(choices=Tier.choices, initial=Tier.STANDARD.value)
    is_staff = forms.BooleanField(
        label="Staff", required=False, help_text=f"{STAFF_HELP} Administrators always are."
    )


class UserForm(ProblemForm):
    display_name = forms.CharField(label="Name", required=False, max_length=NAME_LENGTH)
    tier = forms.ChoiceField(choices=Tier.choices)
    is_staff = forms.BooleanField(label="Staff", required=False, help_text=STAFF_HELP)
    is_active = forms.BooleanField(
        label="Active",
        required=False,
        help_text="Switched off, he is signed out everywhere and his keys are revoked.",
    )

    @classmethod
    def of(cls, user: User) -> UserForm:
        return cls(initial={name: getattr(user, name) for name in cls.base_fields})


class AuditSearchForm(PeriodForm):
    action = forms.RegexField(
        ACTION_PATTERN,
        label="Action",
        required=False,
        max_length=ACTION_LENGTH,
        widget=forms.TextInput(
            attrs={"list": "actions", "autocomplete": "off", "spellcheck": "false"}
        ),
        error_messages={"invalid": "An action reads like api_key.created, or api_key for all."},
    )
    field_order = ("action", "first_day", "last_day")

    def filters(self) -> dict[str, Any]:
        """For ``audit_events.matching``; a filter that makes no sense filters nothing."""
        if not self.is_valid():
            return {"action": None, "start": None, "end": None}
        start, end = self.period()
        return {"action": self.cleaned_data["action"] or None, "start": start, "end": end}


class AllAuditSearchForm(AuditSearchForm):
    owner = forms.EmailField(
        label="Whose (e-mail)",
        required=False,
        max_length=EMAIL_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
