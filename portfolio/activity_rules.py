"""What an activity must look like before it is booked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from accounts.errors import Problem
from market.models import Instrument
from portfolio.amounts import HUNDREDTH, ZERO, product
from portfolio.entries import EntryKind
from portfolio.models import Portfolio, PortfolioKind

KINDS: Final = tuple(sorted(kind.value for kind in EntryKind.activities()))
PAPER_KINDS: Final = (EntryKind.DEPOSIT.value, EntryKind.WITHDRAWAL.value)
TRADE_KINDS: Final = tuple(kind.value for kind in EntryKind.trades())
FIRST_MOMENT: Final = datetime(1970, 1, 1, tzinfo=UTC)
NUMBER_MAXIMUM: Final = Decimal("1E15")
EXTERNAL_ID_LENGTH: Final = 120
NOTE_LENGTH: Final = 300
PLACES: Final = {"unit_price": 8}
PLACES_OTHERWISE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityDraft:
    """Something that happened, as it is reported.

    A trade has ``instrument``, ``quantity`` and either ``unit_price`` or the gross ``amount``;
    the other kinds have ``amount``, gross. ``fees`` and ``taxes`` come on top of a purchase and
    off everything else. Numbers are >= 0; the kind says the direction. ``currency`` is the
    portfolio's unless given. Without an ``external_id`` every report is a new activity.
    """

    kind: str
    occurred_at: datetime
    instrument: Instrument | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    fees: Decimal = ZERO
    taxes: Decimal = ZERO
    currency: str = ""
    exchange_rate: Decimal | None = None
    external_id: str = ""
    note: str = ""

    @property
    def is_trade(self) -> bool:
        return self.kind in TRADE_KINDS


def find_problems(
    activity: ActivityDraft, *, portfolio: Portfolio, now: datetime
) -> Iterator[Problem]:
    """Everything that is wrong with the activity by itself; none where it can be booked."""
    yield from find_kind_problems(activity, portfolio)
    yield from find_time_problems(activity, now)
    yield from find_currency_problems(activity, portfolio)
    yield from find_number_problems(activity)
    yield from find_shape_problems(activity)
    for field, text, limit in (
        ("external_id", activity.external_id, EXTERNAL_ID_LENGTH),
        ("note", activity.note, NOTE_LENGTH),
    ):
        if len(text) > limit:
            message = f"{field} has {len(text)} characters, at most {limit} are allowed"
            yield Problem(field, "too_long", message)
        if "\x00" in text:
            yield Problem(field, "invalid", f"{field} has a character that is not text")


def find_kind_problems(activity: ActivityDraft, portfolio: Portfolio) -> Iterator[Problem]:
    if activity.kind not in KINDS:
        message = f"kind was {activity.kind!r}, must be one of {', '.join(KINDS)}"
        yield Problem("kind", "unknown", message)
    elif portfolio.kind == PortfolioKind.PAPER and activity.kind not in PAPER_KINDS:
        message = (
            f"kind was {activity.kind}; a paper portfolio takes deposits and withdrawals,"
            " its trades come from orders"
        )
        yield Problem("kind", "not_for_paper", message)


def find_time_problems(activity: ActivityDraft, now: datetime) -> Iterator[Problem]:
    occurred_at = activity.occurred_at
    if occurred_at.tzinfo is None:
        yield Problem("occurred_at", "no_offset", "occurred_at has no offset from UTC")
    elif occurred_at > now:
        yield Problem("occurred_at", "in_the_future", "occurred_at lies in the future")
    elif occurred_at < FIRST_MOMENT:
        yield Problem("occurred_at", "too_early", "occurred_at lies before 1970")


def find_currency_problems(activity: ActivityDraft, portfolio: Portfolio) -> Iterator[Problem]:
    """There are no exchange rates yet, so everything is in the portfolio's currency."""
    own = portfolio.currency
    if activity.currency and activity.currency != own:
        message = f"currency was {activity.currency}, must be the portfolio's, {own}"
        yield Problem("currency", "other_currency", message)
    if activity.instrument is not None and activity.instrument.currency != own:
        message = (
            f"{activity.instrument.symbol} is priced in {activity.instrument.currency},"
            f" must be in the portfolio's currency, {own}"
        )
        yield Problem("symbol", "other_currency", message)
    if activity.exchange_rate is not None and activity.exchange_rate != 1:
        message = "exchange_rate is for other currencies than the portfolio's"
        yield Problem("exchange_rate", "not_used", message)


def find_number_problems(activity: ActivityDraft) -> Iterator[Problem]:
    for field, number, is_zero_allowed in (
        ("quantity", activity.quantity, False),
        ("unit_price", activity.unit_price, True),
        ("amount", activity.amount, activity.is_trade),
        ("fees", activity.fees, True),
        ("taxes", activity.taxes, True),
    ):
        if number is not None:
            yield from find_number_problem(field, number, is_zero_allowed=is_zero_allowed)


def find_number_problem(field: str, number: Decimal, *, is_zero_allowed: bool) -> Iterator[Problem]:
    least = ">= 0" if is_zero_allowed else "> 0"
    if not number.is_finite() or number < 0 or (number == 0 and not is_zero_allowed):
        yield Problem(field, "out_of_range", f"{field} was {number}, must be {least}")
    elif number > NUMBER_MAXIMUM:
        message = f"{field} was {number}, must be at most {NUMBER_MAXIMUM:f}"
        yield Problem(field, "out_of_range", message)
    else:
        places = PLACES.get(field, PLACES_OTHERWISE)
        exponent = number.normalize().as_tuple().exponent
        if isinstance(exponent, int) and exponent < -places:
            message = f"{field} was {number}, must have at most {places} decimal places"
            yield Problem(field, "too_precise", message)


def find_shape_problems(activity: ActivityDraft) -> Iterator[Problem]:
    """Fields that the kind needs or has no use for."""
    if activity.is_trade:
        yield from find_trade_problems(activity)
        return
    if activity.amount is None:
        yield Problem("amount", "required", f"a {activity.kind} needs an amount")
    for field in ("quantity", "unit_price"):
        if getattr(activity, field) is not None:
            yield Problem(field, "not_used", f"a {activity.kind} has no {field}")
    if activity.kind == EntryKind.DIVIDEND and activity.instrument is None:
        yield Problem("symbol", "required", "a dividend needs the symbol that paid it")
    if activity.kind in (EntryKind.DEPOSIT, EntryKind.WITHDRAWAL, EntryKind.FEE, EntryKind.TAX):
        if activity.fees or activity.taxes:
            message = f"a {activity.kind} has no fees or taxes of its own; record them beside it"
            yield Problem("fees" if activity.fees else "taxes", "not_used", message)
        if activity.instrument is not None:
            yield Problem("symbol", "not_used", f"a {activity.kind} has no symbol")


def find_trade_problems(activity: ActivityDraft) -> Iterator[Problem]:
    if activity.instrument is None:
        yield Problem("symbol", "required", f"a {activity.kind} needs a symbol")
    quantity, unit_price, amount = activity.quantity, activity.unit_price, activity.amount
    if quantity is None:
        yield Problem("quantity", "required", f"a {activity.kind} needs a quantity")
    if unit_price is None and amount is None:
        yield Problem("unit_price", "required", "give the unit price or the gross amount")
    is_sane = all(
        number is None or (number.is_finite() and 0 <= number <= NUMBER_MAXIMUM)
        for number in (quantity, unit_price, amount)
    )
    if not is_sane or quantity is None or unit_price is None:
        return
    gross = product(quantity, unit_price)
    if gross > NUMBER_MAXIMUM:
        message = f"quantity × unit_price was {gross}, must be at most {NUMBER_MAXIMUM:f}"
        yield Problem("quantity", "out_of_range", message)
    elif amount is not None and abs(amount - gross) > HUNDREDTH:
        message = f"amount was {amount}, quantity × unit_price is {gross}; give one of them"
        yield Problem("amount", "disagrees", message)
