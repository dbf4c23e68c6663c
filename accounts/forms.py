"""Forms of a user's own matters: profile, look, and the keys of his programs."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django import forms

from accounts.api_keys import NAME_LENGTH, Scope
from accounts.models import User
from accounts.problem_forms import ProblemForm
from accounts.table_answers import Format
from accounts.tiers import Tier

THEMES: Final = (("auto", "As the device"), ("light", "Light"), ("dark", "Dark"))
SCOPE_LABELS: Final = {
    Scope.READ: "Read: prices, portfolios, orders",
    Scope.TRADE: "Trade: place and cancel orders, record activities",
    Scope.ADMIN: "Administer: instruments and price files",
}
OVERLAPS: Final = (
    ("0", "It stops at once"),
    ("3600", "It works for another hour"),
    ("86400", "It works for another day"),
    ("604800", "It works for another week"),
)


class DownloadForm(forms.Form):
    """Which kind of file a list is wanted as."""

    WORDS: Final = "The format must be csv or parquet."

    format = forms.ChoiceField(choices=[(Format.CSV, "CSV"), (Format.PARQUET, "Parquet")])

    def form(self) -> Format:
        return Format(self.cleaned_data["format"])


class ProfileForm(forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ("display_name",)
        labels = {"display_name": "Name"}  # noqa: RUF012 - Django reads a plain dict
        help_texts = {"display_name": "Shown instead of your e-mail address."}  # noqa: RUF012
        widgets = {"display_name": forms.TextInput(attrs={"autocomplete": "name"})}  # noqa: RUF012


class ClosingForm(forms.Form):
    email = forms.EmailField(
        label="Your e-mail address",
        help_text="Typed once more, so that nobody closes an account by a slip.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner = owner

    def clean_email(self) -> str:
        typed = str(self.cleaned_data["email"])
        if typed.casefold() != self.owner.email.casefold():
            raise forms.ValidationError("That is not the address of this account.")
        return typed


class LookForm(forms.Form):
    theme = forms.ChoiceField(choices=THEMES, widget=forms.RadioSelect)
    hides_amounts = forms.BooleanField(
        label="Hide amounts",
        required=False,
        help_text="They are blurred until you press the eye at the top. Prices stay in sight.",
    )


class ApiKeyForm(ProblemForm):
    """What a new key may do. The choices of scopes and portfolios follow the owner."""

    field_names = {"expires_at": "expires_on"}  # noqa: RUF012

    name = forms.CharField(
        max_length=NAME_LENGTH,
        help_text="Which program will use it, so that you know it again.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label="It may", widget=forms.CheckboxSelectMultiple, initial=[Scope.READ.value]
    )
    portfolio_ids = forms.MultipleChoiceField(
        label="Only these portfolios",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen means all of yours, later ones included.",
    )
    allowed_networks = forms.CharField(
        label="Only from these addresses",
        required=False,
        help_text="Addresses or networks, such as 192.0.2.17 or 2001:db8::/32, one a line. "
        "Empty means from everywhere.",
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off", "spellcheck": "false"}),
    )
    expires_on = forms.DateField(
        label="Expires",
        required=False,
        help_text="The key stops at the end of that day (UTC). Empty means never.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes = [scope for scope in Scope if scope != Scope.ADMIN or owner.tier == Tier.ADMIN]
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (scope.value, SCOPE_LABELS[scope]) for scope in scopes
        ]
        portfolios = owner.portfolios.filter(archived_at=None).order_by("created_at", "id")
        choices = [(str(portfolio.id), portfolio.name) for portfolio in portfolios]
        self.fields["portfolio_ids"].choices = choices  # type: ignore[attr-defined]
        if not choices:
            del self.fields["portfolio_ids"]

    def chosen_portfolios(self) -> list[UUID]:
        return [UUID(text) for text in self.cleaned_data.get("portfolio_ids", [])]

    def chosen_networks(self) -> list[str]:
        text: str = self.cleaned_data["allowed_networks"]
        return text.replace(",", " ").split()

    def expiry(self) -> datetime | None:
        """The end of the chosen day in UTC."""
        day = self.cleaned_data["expires_on"]
        return datetime.combine(day, time.max, tzinfo=UTC) if day else None


class RotationForm(ProblemForm):
    overlap_seconds = forms.ChoiceField(
        label="The former key", choices=OVERLAPS, initial="86400", widget=forms.RadioSelect
    )

    def overlap(self) -> timedelta:
        return timedelta(seconds=int(self.cleaned_data["overlap_seconds"]))
