"""Forms of portfolios: opening, naming, and money paid in or out."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Self

from django import forms

from accounts.problem_forms import ProblemForm
from market.errors import AmbiguousSymbol, UnknownSymbol
from market.models import Instrument
from market.queries import instrument_by_address
from portfolio.holdings.thresholds import DEFAULTS, Rule
from portfolio.models import Portfolio
from portfolio.models.portfolios import BookedActions, PortfolioKind
from portfolio.returns.gains import Method

CURRENCIES: Final = ("USD", "EUR", "GBP", "CHF", "JPY")
DEFAULT_CASH: Final = Decimal(100_000)
METHODS: Final = (
    (Method.FIFO.value, "First in, first out"),
    (Method.LIFO.value, "Last in, first out"),
    (Method.HIFO.value, "Highest cost first"),
    (Method.AVERAGE.value, "Average cost"),
)
MONEY_INPUT: Final = {"inputmode": "decimal", "autocomplete": "off"}


class PortfolioForm(ProblemForm):
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
    lot_method = forms.ChoiceField(
        choices=METHODS, label="Lots a sale uses", initial=Method.FIFO.value, required=False
    )
    starting_cash = forms.DecimalField(
        required=False,
        min_value=Decimal(0),
        max_digits=17,
        decimal_places=2,
        initial=DEFAULT_CASH,
        help_text="Recorded as the first deposit. Empty or zero starts without cash.",
        widget=forms.TextInput(attrs=MONEY_INPUT),
    )

    def clean_lot_method(self) -> str:
        return str(self.cleaned_data["lot_method"] or Method.FIFO.value)


class BookingForm(ProblemForm):
    """How a portfolio books."""

    lot_method = forms.ChoiceField(choices=METHODS, label="Lots a sale uses")
    # Paper portfolios book all of them, and are not asked.
    booked_actions = forms.ChoiceField(
        choices=BookedActions.choices,
        label="Of the market, booked by themselves",
        required=False,
    )

    @classmethod
    def of(cls, portfolio: Portfolio) -> Self:
        """As the portfolio books now."""
        chosen = {"lot_method": portfolio.lot_method, "booked_actions": portfolio.booked_actions}
        return cls(initial=chosen)


class PortfolioNameForm(ProblemForm):
    name = forms.CharField(max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class CashMoveForm(ProblemForm):
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


def limit_field(label: str, rule: Rule) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(100),
        decimal_places=2,
        widget=forms.TextInput(attrs=MONEY_INPUT | {"placeholder": str(DEFAULTS[rule])}),
    )


class ThresholdsForm(ProblemForm):
    """How much may hang on one thing, in percent; an empty one goes back to what it was before."""

    largest_name = limit_field("Largest name, %", Rule.LARGEST_NAME)
    largest_sector = limit_field("Largest sector, %", Rule.LARGEST_SECTOR)
    largest_currency = limit_field("Largest other currency, %", Rule.LARGEST_CURRENCY)
    largest_country = limit_field("Largest country, %", Rule.LARGEST_COUNTRY)
    cash_share = limit_field("Cash, %", Rule.CASH_SHARE)
    cost_share = limit_field("Charges of a year, %", Rule.COST_SHARE)
    is_for_all = forms.BooleanField(required=False, label="For all my portfolios")

    def limits(self) -> dict[str, Decimal | None]:
        return {rule.value: self.cleaned_data[rule.value] for rule in Rule}


def find_instrument(text: str) -> Instrument | None:
    """The instrument that was meant; None for none.

    Raises:
        ValidationError: it means nothing, or several things.
    """
    try:
        return instrument_by_address(text.strip()) if text.strip() else None
    except (UnknownSymbol, AmbiguousSymbol) as error:
        raise forms.ValidationError(str(error)) from error
