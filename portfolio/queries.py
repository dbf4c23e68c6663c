"""What pages and the API read of a portfolio: frozen rows, a fixed number of queries each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db.models import F

from market.live.live_quotes import latest_quotes
from market.models import Instrument
from market.values import NOT_OF_A_MARKET, QuoteValue
from portfolio.bookkeeping.amounts import EXACT, ZERO, percentage, product, ten_places
from portfolio.bookkeeping.journal import (
    EntryRow,
    PostingRow,
    entry_row,
)
from portfolio.models import (
    DailyValuation,
    LedgerBalance,
    Lot,
    LotClosure,
    Portfolio,
    Position,
)
from portfolio.valuations.day_changes import (
    FreshUnits,
    Quotes,
    day_change,
    fresh_units,
    usable_quotes,
)
from portfolio.valuations.money_now import rates_today, worth_of_cash

NOTHING_FRESH: Final = FreshUnits()


@dataclass(frozen=True, slots=True)
class CashRow:
    """Money of a portfolio in its own currency.

    ``in_all`` counts that of other currencies at today's rates; None where one has no rate.
    """

    total: Decimal  # settled or not, and what has accrued
    settled: Decimal
    held: Decimal
    withdrawable: Decimal
    buying_power: Decimal  # what an order may reserve; proceeds of sales count from the trade date
    in_all: Decimal | None


@dataclass(frozen=True, slots=True)
class PositionRow:
    """One holding and what it is worth now.

    Money is in the portfolio's currency, save ``price`` and what is named local, which are in
    the instrument's. Whatever needs a price is None where there is no usable quote, or no rate.
    Percentages are in percent: 1.25 is 1.25 %. ``currency_gain`` is what of the unrealised gain
    comes from rates, the rest from the price. ``quote`` and ``fresh`` are what today's change is
    made of; a past day has none.
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
    local_cost: Decimal
    local_value: Decimal | None
    exchange_rate: Decimal | None  # the portfolio's currency for one of the instrument's
    currency_gain: Decimal | None
    quote: QuoteValue | None = None  # in the portfolio's currency
    fresh: FreshUnits = NOTHING_FRESH  # bought on the day of the quote

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


def cash_row(portfolio: Portfolio) -> CashRow:
    """One query, and two for rates where there is money in other currencies."""
    found = LedgerBalance.objects.filter(portfolio=portfolio, instrument=None)
    balances = {balance.currency: balance for balance in found}
    totals = {code: balance.total for code, balance in balances.items() if balance.total}
    rates = rates_today((code, portfolio.currency) for code in totals)
    in_all = worth_of_cash(totals, portfolio.currency, rates)
    balance = balances.get(portfolio.currency)
    if balance is None:
        return CashRow(ZERO, ZERO, ZERO, ZERO, ZERO, in_all)
    return CashRow(
        balance.total,
        balance.settled,
        balance.held,
        balance.withdrawable,
        balance.available,
        in_all,
    )


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
    local_costs = local_costs_of(portfolio, positions)
    before = realised_before_reset(portfolio)
    values = {
        position.instrument_id: product(position.quantity, usable[position.instrument_id].last)
        for position in positions
        if position.instrument_id in usable
    }
    total = None
    in_all = (cash or cash_row(portfolio)).in_all
    if len(values) == len(positions) and in_all is not None:
        total = in_all + sum(values.values(), ZERO)
    return [
        position_row(
            position,
            quote=usable.get(position.instrument_id),
            fresh=fresh.get(position.instrument_id, FreshUnits()),
            total_value=total,
            raw=quotes.get(position.instrument_id),
            local_cost=local_costs.get(position.instrument_id, position.cost),
            realised_gain=position.realised_gain - before.get(position.instrument_id, ZERO),
        )
        for position in positions
    ]


def local_costs_of(portfolio: Portfolio, positions: Iterable[Position]) -> dict[int, Decimal]:
    """What open units of instruments in other currencies had cost in those; one query at most."""
    foreign = [
        one.instrument_id for one in positions if one.instrument.currency != portfolio.currency
    ]
    if not foreign:
        return {}
    costs: dict[int, Decimal] = {}
    for lot in Lot.objects.filter(
        portfolio=portfolio, instrument__in=foreign, remaining_quantity__gt=0
    ):
        costs[lot.instrument_id] = costs.get(lot.instrument_id, ZERO) + lot.remaining_local_cost
    return costs


def realised_before_reset(portfolio: Portfolio) -> dict[int, Decimal]:
    """What sales had realised when the portfolio was reset, and counts no more; by instrument.

    One query where it ever was reset, else none.
    """
    if portfolio.reset_at is None:
        return {}
    closures = LotClosure.objects.filter(
        lot__portfolio=portfolio, closed_at__lte=portfolio.counts_from
    )
    return closures.gains_by("lot__instrument")


def realised_gain_of(portfolio: Portfolio, instrument: Instrument) -> Decimal | None:
    """What sales of it realised since the portfolio counts; None where it was never held."""
    position = Position.objects.filter(portfolio=portfolio, instrument=instrument).first()
    if position is None:
        return None
    return position.realised_gain - realised_before_reset(portfolio).get(instrument.id, ZERO)


def position_row(
    position: Position,
    *,
    quote: QuoteValue | None,
    fresh: FreshUnits,
    total_value: Decimal | None,
    raw: QuoteValue | None,
    local_cost: Decimal,
    realised_gain: Decimal,
) -> PositionRow:
    """``quote`` is in the portfolio's currency, ``raw`` in the instrument's."""
    value = None if quote is None else product(position.quantity, quote.last)
    gain = None if value is None else value - position.cost
    change = day_change(position.quantity, quote, fresh)
    worth_before = None if value is None or change is None else value - change
    rate = None
    if quote is not None and raw is not None and raw.last:
        rate = ten_places(EXACT.divide(quote.last, raw.last))
    local_value = None if raw is None else product(position.quantity, raw.last)
    return PositionRow(
        instrument=position.instrument,
        quantity=position.quantity,
        cost=position.cost,
        average_cost=ten_places(EXACT.divide(position.cost, position.quantity)),
        realised_gain=realised_gain,
        price=None if raw is None else raw.last,
        price_as_of=None if raw is None else raw.occurred_at,
        is_simulated=raw is not None and raw.source in NOT_OF_A_MARKET,
        price_source=None if raw is None else raw.source,
        market_value=value,
        unrealised_gain=gain,
        unrealised_gain_pct=percentage(gain, position.cost),
        day_change=change,
        day_change_pct=percentage(change, worth_before),
        weight_pct=percentage(value, total_value),
        local_cost=local_cost,
        local_value=local_value,
        exchange_rate=rate,
        currency_gain=None if rate is None else product(local_cost, rate) - position.cost,
        quote=quote,
        fresh=fresh,
    )


def worth_series(portfolio: Portfolio, start: date, end: date) -> list[tuple[date, Decimal]]:
    """Cash and holdings together on stored days from ``start`` to ``end``, both included.

    Ascending; days on which a price or a rate is missing are left out. One query.
    """
    days = DailyValuation.objects.filter(portfolio=portfolio, date__range=(start, end))
    known = days.filter(cash__isnull=False, market_value__isnull=False)
    total = F("cash") + F("market_value")
    return list(known.order_by("date").values_list("date", total))


__all__ = [
    "CashRow",
    "EntryRow",
    "PositionRow",
    "PostingRow",
    "Quotes",
    "cash_row",
    "entry_row",
    "position_rows",
    "realised_gain_of",
    "worth_series",
]
