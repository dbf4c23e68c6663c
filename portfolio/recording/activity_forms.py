"""The form in which an investor records something that happened, or sets it right."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

from django import forms

from accounts.identifiers import new_id
from accounts.models import User
from accounts.problem_forms import ProblemForm
from accounts.roles import Role
from market.models import Instrument
from portfolio.bookkeeping.amounts import ZERO
from portfolio.forms import MONEY_INPUT, find_instrument
from portfolio.models import JournalEntry, Portfolio
from portfolio.models.portfolios import PortfolioKind
from portfolio.recording.activity_rules import KINDS, PAPER_KINDS, ActivityDraft
from portfolio.recording.external_ids import corrected_id, recorded_id
from portfolio.recording.reversals import other_side

PLAIN: Final = {"autocomplete": "off"}
MOMENT: Final = "%Y-%m-%dT%H:%M:%S"
COPIED: Final = (
    *("kind", "quantity", "unit_price", "amount", "fees", "taxes", "currency", "exchange_rate"),
    *("ratio_from", "ratio_to", "cost_share", "note"),
)


def number(**facts: Any) -> forms.DecimalField:
    return forms.DecimalField(
        required=False,
        max_digits=25,
        decimal_places=10,
        widget=forms.TextInput(attrs=MONEY_INPUT),
        **facts,
    )


class ActivityForm(ProblemForm):
    """Every kind; which fields a kind needs, the operation says."""

    kind = forms.ChoiceField(
        choices=[(kind, kind.replace("_", " ").capitalize()) for kind in KINDS], initial="buy"
    )
    occurred_at = forms.DateTimeField(
        label="When (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format=MOMENT),
    )
    symbol = forms.CharField(required=False, max_length=40, widget=forms.TextInput(attrs=PLAIN))
    quantity = number()
    unit_price = number(label="Unit price")
    amount = number(help_text="Of money alone; of a trade instead of the unit price.")
    fees = number()
    taxes = number()
    currency = forms.CharField(
        required=False,
        max_length=3,
        help_text="Empty: the instrument's, else the portfolio's.",
        widget=forms.TextInput(attrs=PLAIN),
    )
    exchange_rate = number(
        label="Exchange rate", help_text="Booked: the portfolio's currency for one of that."
    )
    ratio_from = number(label="Split from")
    ratio_to = number(label="Split to", help_text="1 and 4 make four units of one.")
    from_symbol = forms.CharField(
        required=False,
        max_length=40,
        label="Spun off from",
        widget=forms.TextInput(attrs=PLAIN),
    )
    cost_share = number(
        label="Cost share", help_text="The fraction of its cost that goes with it: 0.2 is a fifth."
    )
    counterpart = forms.ModelChoiceField(
        queryset=Portfolio.objects.none(),
        required=False,
        label="Other portfolio",
        empty_label="None of mine",
        help_text="Of a transfer: its side is recorded as well.",
    )
    note = forms.CharField(required=False, max_length=300, widget=forms.TextInput(attrs=PLAIN))
    # Names the act, so that a form sent twice records it once.
    reference = forms.UUIDField(widget=forms.HiddenInput)
    # The activity that this one takes the place of.
    replaces = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, portfolio: Portfolio, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Of the same owner, where whoever fills the form may record as well.
        others = Portfolio.objects.for_user(user, Role.EDITOR).exclude(id=portfolio.id)
        others = others.filter(owner_id=portfolio.owner_id)
        field = cast("forms.ModelChoiceField[Portfolio]", self.fields["counterpart"])
        if portfolio.kind == PortfolioKind.PAPER:
            kinds = cast("forms.ChoiceField", self.fields["kind"])
            kinds.choices = [(kind, kind.capitalize()) for kind in PAPER_KINDS]
        field.queryset = others.filter(kind=PortfolioKind.TRACKED).order_by("created_at", "id")

    def refuse_hidden_side(self, replaced: JournalEntry, portfolio: Portfolio) -> None:
        """Undo nothing in a portfolio that whoever fills the form may not change."""
        field = cast("forms.ModelChoiceField[Portfolio]", self.fields["counterpart"])
        others = {side.portfolio_id for side in other_side(replaced, portfolio)}
        if field.queryset is not None and others - {one.id for one in field.queryset}:
            message = "Its other side is in a portfolio that you may not change."
            self.add_error(None, message)

    def clean_symbol(self) -> Instrument | None:
        return find_instrument(self.cleaned_data["symbol"])

    def clean_from_symbol(self) -> Instrument | None:
        return find_instrument(self.cleaned_data["from_symbol"])

    def to_draft(self, replaced: JournalEntry | None = None) -> ActivityDraft:
        """What a valid form means, which may take the place of an entry."""
        told = self.cleaned_data
        reference: UUID = told["reference"]
        moment: datetime = told["occurred_at"]
        return ActivityDraft(
            kind=told["kind"],
            quantity=told["quantity"],
            unit_price=told["unit_price"],
            amount=told["amount"],
            exchange_rate=told["exchange_rate"],
            ratio_from=told["ratio_from"],
            ratio_to=told["ratio_to"],
            cost_share=told["cost_share"],
            occurred_at=moment.astimezone(UTC),
            instrument=told["symbol"],
            fees=told["fees"] or ZERO,
            taxes=told["taxes"] or ZERO,
            currency=told["currency"].upper(),
            external_id=corrected_id(replaced.external_id, reference)
            if replaced
            else recorded_id(reference),
            note=told["note"],
            source_instrument=told["from_symbol"],
            counterpart=told["counterpart"],
        )


def blank(portfolio: Portfolio, user: User, *, at: datetime) -> ActivityForm:
    initial = {"reference": new_id(), "occurred_at": at.strftime(MOMENT)}
    return ActivityForm(portfolio=portfolio, user=user, initial=initial)


def correction_of(entry: JournalEntry, portfolio: Portfolio, user: User) -> ActivityForm:
    """The form filled with an activity, whose place it will take; its other side's as well."""
    (side,) = other_side(entry, portfolio) or (None,)
    facts = {name: plain(getattr(entry, name)) for name in COPIED}
    if entry.unit_price is not None:
        facts["amount"] = None
    facts |= {
        "reference": new_id(),
        "replaces": entry.id,
        "occurred_at": entry.occurred_at.astimezone(UTC).strftime(MOMENT),
        "symbol": entry.instrument.symbol if entry.instrument else "",
        "from_symbol": entry.source_instrument.symbol if entry.source_instrument else "",
        "counterpart": side.portfolio_id if side else None,
    }
    return ActivityForm(portfolio=portfolio, user=user, initial=facts)


def plain(value: Any) -> Any:
    """A stored number without the noughts of its column."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value
