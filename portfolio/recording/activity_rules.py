"""What an activity must look like before it is booked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from accounts.errors import Problem
from market.currencies.currency_units import CURRENCY_CODE
from market.models import Instrument
from portfolio.bookkeeping.amounts import PRICE_UNIT, TEN_PLACES, ZERO, is_finer
from portfolio.bookkeeping.drafts import EntryKind, LotFact
from portfolio.models import Portfolio, PortfolioKind

KINDS: Final = tuple(sorted(kind.value for kind in EntryKind.activities()))
PAPER_KINDS: Final = (EntryKind.DEPOSIT.value, EntryKind.WITHDRAWAL.value)
TRADE_KINDS: Final = tuple(kind.value for kind in EntryKind.trades())
UNIT_KINDS: Final = tuple(kind.value for kind in EntryKind.unit_changes())
DELIVERY_KINDS: Final = tuple(kind.value for kind in EntryKind.deliveries())
FIRST_MOMENT: Final = datetime(1970, 1, 1, tzinfo=UTC)
NUMBER_MAXIMUM: Final = Decimal("1E15")
EXTERNAL_ID_LENGTH: Final = 120
NOTE_LENGTH: Final = 300
RATIO_MAXIMUM: Final = Decimal(1_000_000)
SIGNED: Final = ("quantity", "amount")
LOTS_MAXIMUM: Final = 500
UNITS: Final = {"unit_price": PRICE_UNIT}  # else ten places
BEFORE_RESET: Final = Problem(
    "occurred_at", "before_reset", "occurred_at lies before the portfolio was reset"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityDraft:
    """Something that happened, as it is reported.

    A trade has ``instrument``, ``quantity`` and either ``unit_price`` or the gross ``amount``;
    kinds of money alone have ``amount``, gross. ``fees`` and ``taxes`` come on top of a purchase
    and off everything else. Numbers are >= 0 and the kind says the direction, save that of an
    adjustment, which is in the sign. A transfer or an adjustment is of units or of money.
    ``currency`` is the instrument's, else the portfolio's, unless given; with an
    ``exchange_rate`` to the portfolio's currency its cash is the portfolio's. Without an
    ``external_id`` every report is a new activity.
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
    ratio_from: Decimal | None = None  # of a split
    ratio_to: Decimal | None = None
    lots: tuple[LotFact, ...] = ()  # that a sale uses, or that a transfer brings
    source_instrument: Instrument | None = None  # of a spin-off: whose cost is shared
    cost_share: Decimal | None = None  # of a spin-off: the fraction of that cost, 0 to 1
    # Of a transfer: the other portfolio, whose side is booked with it.
    counterpart: Portfolio | None = None
    # Under which it is booked where that is known before; ids order what happened at one moment.
    entry_id: UUID | None = None

    @property
    def is_trade(self) -> bool:
        return self.kind in TRADE_KINDS

    @property
    def is_delivery(self) -> bool:
        return self.kind in DELIVERY_KINDS

    @property
    def brings_lots(self) -> bool:
        """Whether it is the arrival of units whose lots come from another portfolio."""
        has_cost = self.lots or self.unit_price is not None or self.amount is not None
        return self.is_of_units and self.kind == EntryKind.TRANSFER_IN and not has_cost

    @property
    def is_of_units(self) -> bool:
        """Whether it moves units of an instrument."""
        return self.instrument is not None and self.kind in UNIT_KINDS


def find_problems(
    activity: ActivityDraft, *, portfolio: Portfolio, now: datetime
) -> Iterator[Problem]:
    """Everything that is wrong with the activity by itself; none where it can be booked."""
    yield from find_kind_problems(activity, portfolio)
    yield from find_time_problems(activity, now, counts_from=portfolio.counts_from)
    yield from find_currency_problems(activity, portfolio)
    yield from find_number_problems(activity)
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


def find_time_problems(
    activity: ActivityDraft, now: datetime, *, counts_from: datetime
) -> Iterator[Problem]:
    occurred_at = activity.occurred_at
    if occurred_at.tzinfo is None:
        yield Problem("occurred_at", "no_offset", "occurred_at has no offset from UTC")
    elif occurred_at > now:
        yield Problem("occurred_at", "in_the_future", "occurred_at lies in the future")
    elif occurred_at < FIRST_MOMENT:
        yield Problem("occurred_at", "too_early", "occurred_at lies before 1970")
    elif occurred_at <= counts_from:
        yield BEFORE_RESET


def find_currency_problems(activity: ActivityDraft, portfolio: Portfolio) -> Iterator[Problem]:
    own, code = portfolio.currency, activity.currency
    if code and not CURRENCY_CODE.fullmatch(code):
        message = f"currency was {code[:10]!r}, must be a code of three letters like USD"
        yield Problem("currency", "invalid", message)
    elif code and code != own and portfolio.kind == PortfolioKind.PAPER:
        message = f"currency was {code}, a paper portfolio has cash in {own} only"
        yield Problem("currency", "other_currency", message)
    rate = activity.exchange_rate
    if rate is None:
        return
    if not rate.is_finite() or not 0 < rate <= NUMBER_MAXIMUM:
        yield Problem("exchange_rate", "out_of_range", f"exchange_rate was {rate}, must be > 0")
    elif rate != 1 and own == (code or (activity.instrument or portfolio).currency):
        message = "exchange_rate is for other currencies than the portfolio's"
        yield Problem("exchange_rate", "not_used", message)


def find_number_problems(activity: ActivityDraft) -> Iterator[Problem]:
    for field, number, is_zero_allowed in (
        ("quantity", activity.quantity, False),
        ("unit_price", activity.unit_price, True),
        ("amount", activity.amount, activity.is_trade or activity.is_of_units),
        ("fees", activity.fees, True),
        ("taxes", activity.taxes, True),
    ):
        if number is None:
            continue
        # The sign of an adjustment says whether something came or left.
        size = abs(number) if activity.kind == EntryKind.ADJUSTMENT and field in SIGNED else number
        yield from find_number_problem(field, size, is_zero_allowed=is_zero_allowed)


def find_number_problem(field: str, number: Decimal, *, is_zero_allowed: bool) -> Iterator[Problem]:
    least = ">= 0" if is_zero_allowed else "> 0"
    if not number.is_finite() or number < 0 or (number == 0 and not is_zero_allowed):
        yield Problem(field, "out_of_range", f"{field} was {number}, must be {least}")
    elif number > NUMBER_MAXIMUM:
        message = f"{field} was {number}, must be at most {NUMBER_MAXIMUM:f}"
        yield Problem(field, "out_of_range", message)
    else:
        unit = UNITS.get(field, TEN_PLACES)
        if is_finer(number, unit):
            places = -unit.adjusted()
            message = f"{field} was {number}, must have at most {places} decimal places"
            yield Problem(field, "too_precise", message)
