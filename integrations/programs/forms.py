"""The form that makes a key for one program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms

from accounts.api_keys import NAME_LENGTH
from accounts.problem_forms import ProblemForm

if TYPE_CHECKING:
    from accounts.models import User


class ProgramForm(ProblemForm):
    """Which portfolio a program is for, and whether it may change anything."""

    field_names = {"portfolio_ids": "portfolio_id"}  # noqa: RUF012

    name = forms.CharField(
        label="Name of the program",
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    portfolio_id = forms.ChoiceField(label="Portfolio", help_text="The key reaches no other.")
    may_trade = forms.BooleanField(label="It may place orders", required=False, initial=True)

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = owner.portfolios.filter(archived_at=None).order_by("created_at", "id")
        choices = [(str(portfolio.id), portfolio.name) for portfolio in rows]
        self.fields["portfolio_id"].choices = choices  # type: ignore[attr-defined]

    def portfolio(self) -> UUID:
        return UUID(self.cleaned_data["portfolio_id"])
