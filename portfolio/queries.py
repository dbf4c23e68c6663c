"""What pages and the API read of a portfolio: frozen rows, a fixed number of queries each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Min, Sum
from django.db.models.functions import Coalesce

from market.live.live_quotes import latest_quotes
from market.models import Instrument
from market.values import NOT_OF_A_MARKET, QuoteValue
from portfolio.amounts import EXACT, ZERO, percentage, product, ten_places
from portfolio.day_changes import FreshUnits, Quotes, day_change, fresh_units, usable_quotes
from portfolio.journal import (
    EntryPage,
    EntryRow,
    PostingRow,
    activity_page,
    entry_row,
    journal_page,
)
from portfolio.models import DailyValuation, LedgerBalance, Lot, Portfolio, Position


@dataclass(frozen=True, slots=True)
class CashRow:
    """Money of a portfolio in its own currency."""

    total: Decimal  # settled or not
    settled: Decimal
    held: Decimal
    withdrawable: Decimal

    @property
    def buying_power(self) -> Decimal:
        """What an order may still reserve; proceeds of sales count from the trade date."""
        return self.total - self.held


@dataclass(frozen=True, slots=True)
class PositionRow:
    """One holding and what it is worth now.

    Money is in the portfolio's currency. Whatever needs a price is None where there is no
    usable quote. Percentages are in percent: 1.25 is 1.25 %.
    """

    instrument: Instrument
    quantity: Decimal
    cost: Decimal
    average_cost: Decimal | None
    realised_gain: Decimal
    price: Decimal | None
    price_as_of: datetime | None
    is_simulated: bool  # no market has this price now; ``price_source`` tells why
    price_source: str | None
    market_value: Decimal | None
    unrealised_gain: Decimal | None
    unrealised_gain_pct: Decimal | None
    day_change: Decimal | None
    day_change_pct: Decimal | None
    weight_pct: Decimal | None  # of the portfolio's total value, cash included

    @property
    def instrument_id(self) -> int:
        return self.instrument.id

    @property
    def symbol(self) -> str:
        return self.instrument.symbol

    @property
    def name(self) -> str:
        return self.instrument.name

    @property
    def currency(self) -> str:
        return self.instrument.currency


@dataclass(frozen=True, slots=True)
class LotRow:
    """Units bought at once, and what became of them."""

    lot_id: UUID
    instrument: Instrument
    opened_at: datetime
    closed_at: datetime | None
    quantity: Decimal
    cost: Decimal
    remaining_quantity: Decimal
    remaining_cost: Decimal
    currency: str
    realised_gain: Decimal
    price: Decimal | None
    market_value: Decimal | None
    unrealised_gain: Decimal | None

    @property
    def symbol(self) -> str:
        return self.instrument.symbol

    @property
    def unit_cost(self) -> Decimal:
        """Cost per unit, charges included."""
        return ten_places(EXACT.divide(self.cost, self.quantity))

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


def cash_row(portfolio: Portfolio) -> CashRow:
    """One query."""
    balance = LedgerBalance.objects.filter(
        portfolio=portfolio, currency=portfolio.currency, instrument=None
    ).first()
    if balance is None:
        return CashRow(ZERO, ZERO, ZERO, ZERO)
    return CashRow(balance.total, balance.settled, balance.held, balance.withdrawable)


def position_rows(
    portfolio: Portfolio, quotes: Quotes | None = None, *, cash: CashRow | None = None
) -> list[PositionRow]:
    """What is held, by symbol. Three queries and one read of quotes, unless they are given."""
    held = (
        Position.objects.filter(portfolio=portfolio)
        .exclude(quantity=0)
        .select_related("instrument__exchange")
        .order_by("instrument__symbol", "instrument_id")
    )
    positions = list(held)
    if quotes is None:
        quotes = latest_quotes([position.instrument_id for position in positions])
    usable = usable_quotes(positions, quotes, portfolio.currency)
    fresh = fresh_units(portfolio, positions, usable)
    values = {
        position.instrument_id: product(position.quantity, usable[position.instrument_id].last)
        for position in positions
        if position.instrument_id in usable
    }
    total = None
    if len(values) == len(positions):
        total = (cash or cash_row(portfolio)).total + sum(values.values(), ZERO)
    return [
        position_row(
            position,
            quote=usable.get(position.instrument_id),
            fresh=fresh.get(position.instrument_id, FreshUnits()),
            total_value=total,
        )
        for position in positions
    ]


def position_row(
    position: Position, *, quote: QuoteValue | None, fresh: FreshUnits, total_value: Decimal | None
) -> PositionRow:
    value = None if quote is None else product(position.quantity, quote.last)
    gain = None if value is None else value - position.cost
    change = day_change(position.quantity, quote, fresh)
    worth_before = None if value is None or change is None else value - change
    return PositionRow(
        instrument=position.instrument,
        quantity=position.quantity,
        cost=position.cost,
        average_cost=ten_places(EXACT.divide(position.cost, position.quantity)),
        realised_gain=position.realised_gain,
        price=None if quote is None else quote.last,
        price_as_of=None if quote is None else quote.occurred_at,
        is_simulated=quote is not None and quote.source in NOT_OF_A_MARKET,
        price_source=None if quote is None else quote.source,
        market_value=value,
        unrealised_gain=gain,
        unrealised_gain_pct=percentage(gain, position.cost),
        day_change=change,
        day_change_pct=percentage(change, worth_before),
        weight_pct=percentage(value, total_value),
    )


def lot_rows(
    portfolio: Portfolio,
    *,
    instrument_id: int | None = None,
    is_open: bool | None = None,
    quotes: Quotes | None = None,
) -> list[LotRow]:
    """Lots by symbol, oldest first; open ones, closed ones or (None) all. One query."""
    lots = Lot.objects.filter(portfolio=portfolio).select_related("instrument")
    if instrument_id is not None:
        lots = lots.filter(instrument_id=instrument_id)
    if is_open is not None:
        lots = lots.filter(closed_at__isnull=is_open)
    gain = Coalesce(Sum("closures__proceeds"), ZERO) - Coalesce(Sum("closures__cost"), ZERO)
    found = list(lots.annotate(gain=gain).order_by("instrument__symbol", "opened_at", "id"))
    if quotes is None:
        quotes = latest_quotes({lot.instrument_id for lot in found if lot.closed_at is None})
    return [lot_row(lot, lot.gain, quotes.get(lot.instrument_id)) for lot in found]


def lot_row(lot: Lot, realised_gain: Decimal, quote: QuoteValue | None) -> LotRow:
    usable = None if quote is None or lot.instrument.currency != lot.currency else quote
    value = None if usable is None else product(lot.remaining_quantity, usable.last)
    return LotRow(
        lot_id=lot.id,
        instrument=lot.instrument,
        opened_at=lot.opened_at,
        closed_at=lot.closed_at,
        quantity=lot.quantity,
        cost=lot.cost,
        remaining_quantity=lot.remaining_quantity,
        remaining_cost=lot.remaining_cost,
        currency=lot.currency,
        realised_gain=realised_gain,
        price=None if usable is None else usable.last,
        market_value=value,
        unrealised_gain=None if value is None else value - lot.remaining_cost,
    )


def valuation_series(portfolio: Portfolio, start: date, end: date) -> list[DailyValuation]:
    """Stored days from ``start`` to ``end``, both included, ascending. One query."""
    return list(
        DailyValuation.objects.filter(portfolio=portfolio, date__range=(start, end)).order_by(
            "date"
        )
    )


def first_valuation_date(portfolio: Portfolio) -> date | None:
    """The first day with a stored valuation. One query."""
    first: date | None = DailyValuation.objects.filter(portfolio=portfolio).aggregate(
        first=Min("date")
    )["first"]
    return first


__all__ = [
    "CashRow",
    "EntryPage",
    "EntryRow",
    "LotRow",
    "PositionRow",
    "PostingRow",
    "Quotes",
    "activity_page",
    "cash_row",
    "entry_row",
    "first_valuation_date",
    "journal_page",
    "lot_rows",
    "position_rows",
    "valuation_series",
]
