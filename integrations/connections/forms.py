"""Connections as their owner writes them down. What is secret is never put back into a form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms

from accounts.problem_forms import ProblemForm
from integrations.connections.own_connections import ConnectionChange, NewConnection
from integrations.connections.terms import NAME_CHARACTERS, SECRET_CHARACTERS
from portfolio.models import Portfolio, PortfolioKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.errors import Problem
    from accounts.models import User
    from integrations.brokers.adapters import Adapter
    from trading.brokers import CredentialField

FIELD: Final = "credentials_"
PASSWORD_CHARACTERS: Final = 200


def credential_field(one: CredentialField) -> forms.Field:
    if one.choices:
        choices = [("", "Choose"), *((name, name) for name in one.choices)]
        return forms.ChoiceField(
            label=one.label, required=one.is_required, help_text=one.hint, choices=choices
        )
    widget = forms.PasswordInput if one.is_secret else forms.TextInput
    return forms.CharField(
        label=one.label,
        required=one.is_required,
        max_length=SECRET_CHARACTERS,
        help_text=one.hint,
        widget=widget(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class CredentialsForm(ProblemForm):
    """What the broker asks for, one field each."""

    def __init__(self, *args: Any, adapter: Adapter, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in adapter.credentials:
            self.fields[FIELD + one.name] = credential_field(one)
        self.fields["master_password"] = forms.CharField(
            label="Master password",
            required=False,
            max_length=PASSWORD_CHARACTERS,
            strip=False,
            help_text="Optional. Seals the credentials, too: the desk asks for it every twelve"
            " hours, and nobody can bring a forgotten one back.",
            widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        )

    def field_of(self, problem: Problem) -> str:
        return problem.field.replace("credentials.", FIELD)

    def credentials(self) -> dict[str, str]:
        return {
            name.removeprefix(FIELD): value
            for name, value in self.cleaned_data.items()
            if name.startswith(FIELD) and value
        }

    def to_change(self) -> ConnectionChange:
        return ConnectionChange(
            credentials=self.credentials(), master_password=self.cleaned_data["master_password"]
        )


class ConnectionForm(CredentialsForm):
    """The same, and which books it is read into."""

    def __init__(self, *args: Any, adapter: Adapter, user: User, **kwargs: Any) -> None:
        super().__init__(*args, adapter=adapter, **kwargs)
        self.adapter = adapter
        own = Portfolio.objects.for_user(user).filter(owner=user, kind=PortfolioKind.TRACKED)
        self.fields["name"] = forms.CharField(
            label="Name",
            required=False,
            max_length=NAME_CHARACTERS,
            widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": adapter.title}),
        )
        self.fields["portfolio"] = forms.ModelChoiceField(
            queryset=own.order_by("name", "id"),
            label="Read into",
            help_text="A tracked portfolio of yours; paper portfolios are never connected.",
        )
        if adapter.capabilities.has_sandbox:
            self.fields["is_sandbox"] = forms.BooleanField(
                label=f"The practice account at {adapter.title}", required=False
            )
        self.fields["is_scheduled"] = forms.BooleanField(
            label="Sync by itself every six hours", required=False, initial=True
        )

    def to_terms(self) -> NewConnection:
        facts = self.cleaned_data
        return NewConnection(
            broker=self.adapter.name,
            portfolio_id=facts["portfolio"].id,
            name=facts["name"],
            is_sandbox=facts.get("is_sandbox", False),
            is_scheduled=facts["is_scheduled"],
            credentials=self.credentials(),
            master_password=facts["master_password"],
        )


class ChangeForm(ProblemForm):
    name = forms.CharField(
        label="Name",
        max_length=NAME_CHARACTERS,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    is_scheduled = forms.BooleanField(label="Sync by itself every six hours", required=False)
    is_enabled = forms.BooleanField(label="Enabled", required=False)

    def to_change(self) -> ConnectionChange:
        facts = self.cleaned_data
        return ConnectionChange(
            name=facts["name"],
            is_scheduled=facts["is_scheduled"],
            is_enabled=facts["is_enabled"],
        )


class UnlockForm(forms.Form):
    master_password = forms.CharField(
        label="Master password",
        max_length=PASSWORD_CHARACTERS,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )


class SymbolsForm(ProblemForm):
    """An instrument for each word of the broker that means none here."""

    def __init__(self, *args: Any, words: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.words = list(words)
        for number, word in enumerate(self.words):
            self.fields[f"symbol_{number}"] = forms.CharField(
                label=word,
                required=False,
                max_length=60,
                widget=forms.TextInput(
                    attrs={"autocomplete": "off", "placeholder": "AAPL or XLON:VOD"}
                ),
            )

    def to_change(self) -> ConnectionChange:
        given = {
            word: self.cleaned_data[f"symbol_{number}"].strip()
            for number, word in enumerate(self.words)
        }
        return ConnectionChange(symbols={word: to for word, to in given.items() if to})
