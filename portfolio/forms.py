"""Forms of portfolios: opening, naming, and money paid in or out."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from django import forms

from accounts.errors import Problem
from portfolio.models.portfolios import PortfolioKind

CURRENCIES: Final = ("USD", "EUR", "GBP", "CHF", "JPY")
DEFAULT_CASH: Final = Decimal(100_000)
MONEY_INPUT: Final = {"inputmode": "decimal", "autocomplete": "off"}


class ProblemsMixin(forms.Form):
    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Show what the operation refused, each at its field."""
        for problem in problems:
            known = problem.field if problem.field in self.fields else None
            self.add_error(known, problem.message)


class PortfolioForm(ProblemsMixin):
    name = forms.CharField(
        max_length=80, initial="My portfolio", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    kind = forms.ChoiceField(
        choices=(
            (PortfolioKind.PAPER.value, "Paper: trade with play money on the simulated exchange"),
            (PortfolioKind.TRACKED.value, "Tracked: record what you own elsewhere"),
        ),
        widget=forms.RadioSelect,
        initial=PortfolioKind.PAPER.value,
    )
    currency = forms.ChoiceField(choices=[(code, code) for code in CURRENCIES])
    starting_cash = forms.DecimalField(
        required=False,
        min_value=Decimal(0),
        max_digits=17,
        decimal_places=2,
        initial=DEFAULT_CASH,
        help_text="Recorded as the first deposit. Empty or zero starts without cash.",
        widget=forms.TextInput(attrs=MONEY_INPUT),
    )


class PortfolioNameForm(ProblemsMixin):
    name = forms.CharField(max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class CashMoveForm(ProblemsMixin):
    """Money that comes in from outside or leaves."""

    kind = forms.ChoiceField(
        choices=(("deposit", "Deposit"), ("withdrawal", "Withdrawal")),
        widget=forms.RadioSelect,
        initial="deposit",
    )
    amount = forms.DecimalField(
        min_value=Decimal("0.01"),
        max_digits=17,
        decimal_places=2,
        widget=forms.TextInput(attrs=MONEY_INPUT),
    )
    note = forms.CharField(
        max_length=300, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    # Names the act, so that a form sent twice moves the money once.
    reference = forms.UUIDField(widget=forms.HiddenInput)
