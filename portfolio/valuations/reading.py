"""What valuations are derived from: changes by day, prices and rates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from accounts.utc_days import utc_midnight
from market import queries as market_queries
from market.currencies.cross_rates import ExchangeRate
from market.currencies.exchange_rates import rate_series
from portfolio.bookkeeping.amounts import EXACT
from portfolio.bookkeeping.bulk import array, fetch_rows
from portfolio.models import Portfolio
from portfolio.position_days.instrument_days import Moved
from portfolio.valuations.valuing import (
    CARRY_DAYS,
    Closes,
    DayChange,
    DayFlow,
    DayValue,
    Market,
    Move,
    Priced,
    PriceSplit,
    Rates,
    value_days,
)

# What was reversed never crossed the border, and what was before a reset is not counted. Trades are
# most of what there is, and never cross it.
FLOWS_BY_DAY: Final = """
SELECT day, sum(greatest(flow, 0)), sum(greatest(-flow, 0)) FROM (
    SELECT (e.occurred_at AT TIME ZONE 'UTC')::date AS day,
        round(-p.amount * e.base_rate, 10) AS flow
    FROM portfolio_journalentry AS e
    JOIN portfolio_posting AS p ON p.entry_id = e.id
    JOIN portfolio_ledgeraccount AS a ON a.id = p.ledger_account_id
    WHERE e.portfolio_id = %s AND a.currency <> '' AND a.kind = 'equity'
        AND e.occurred_at > %s AND e.occurred_at >= %s
        AND e.kind NOT IN ('reversal', 'buy', 'sell', 'settlement')
        AND NOT EXISTS (
            SELECT 1 FROM portfolio_journalentry AS reversal WHERE reversal.reverses_id = e.id)
) AS flows GROUP BY day
"""
MOVES: Final = """
SELECT (occurred_at AT TIME ZONE 'UTC')::date, instrument_id, quantity, cost, value
FROM portfolio_unitmove WHERE portfolio_id = %s AND occurred_at > %s AND occurred_at >= %s
"""
# What there is of money and of units, and what changes of other money were worth when they were
# booked, in one look at the postings.
HELD_BY_DAY: Final = """
SELECT (e.occurred_at AT TIME ZONE 'UTC')::date AS day, a.currency, a.instrument_id, sum(p.amount),
    sum(round(p.amount * e.base_rate, 10)) FILTER (
        WHERE a.currency NOT IN ('', %(currency)s) AND e.occurred_at > %(counts_from)s)
FROM portfolio_journalentry AS e
JOIN portfolio_posting AS p ON p.entry_id = e.id
JOIN portfolio_ledgeraccount AS a ON a.id = p.ledger_account_id
WHERE e.portfolio_id = %(portfolio)s
    AND a.kind IN ('settled', 'to_receive', 'to_deliver', 'accrued')
GROUP BY day, a.currency, a.instrument_id
HAVING sum(p.amount) <> 0 OR a.currency NOT IN ('', %(currency)s)
"""
COST_BY_DAY: Final = """
SELECT day, instrument_id, sum(cost) FROM (
    SELECT (coalesce(acquired_at, opened_at) AT TIME ZONE 'UTC')::date AS day,
        instrument_id, cost
    FROM portfolio_lot
    WHERE portfolio_id = %(portfolio)s
    UNION ALL
    SELECT (c.closed_at AT TIME ZONE 'UTC')::date, l.instrument_id, -c.cost
    FROM portfolio_lotclosure AS c JOIN portfolio_lot AS l ON l.id = c.lot_id
    WHERE l.portfolio_id = %(portfolio)s
) AS changes GROUP BY day, instrument_id
"""
CURRENCIES: Final = """
SELECT id, currency FROM market_instrument WHERE id = ANY(%s::int[]) ORDER BY id
"""
SPLITS: Final = """
SELECT instrument_id, ex_date, ratio_from, ratio_to, is_in_history FROM market_corporateaction
WHERE kind = 'split' AND cancelled_at IS NULL AND instrument_id = ANY(%s::int[])
ORDER BY ex_date, id
"""


def changes_by_day(portfolio: Portfolio) -> dict[date, DayChange]:
    """What the portfolio's entries changed, by day; four queries.

    A reset took out what was there, so money, units and cost before it add up to nothing.
    """
    changes = crossings(portfolio)
    counted = {
        "portfolio": portfolio.id,
        "currency": portfolio.currency,
        "counts_from": portfolio.counts_from,
    }
    for day, currency, instrument_id, amount, booked in fetch_rows(HELD_BY_DAY, counted):
        if instrument_id is not None:
            changes[day].units[instrument_id] = amount
            continue
        if amount:
            changes[day].cash[currency] = amount
        if booked:
            changes[day].booked += booked
    for day, instrument_id, cost in fetch_rows(COST_BY_DAY, {"portfolio": portfolio.id}):
        changes[day].cost += cost
        changes[day].costs[instrument_id] = cost
    return changes


def crossings(portfolio: Portfolio, *, since: date | None = None) -> defaultdict[date, DayChange]:
    """Of what the entries changed only what crossed the border, by day; two queries.

    Args:
        since: a day of UTC, that of the first entry by default.
    """
    begins_at = portfolio.counts_from if since is None else utc_midnight(since)
    counted = [portfolio.id, portfolio.counts_from, begins_at]
    changes: defaultdict[date, DayChange] = defaultdict(DayChange)
    for day, inflow, outflow in fetch_rows(FLOWS_BY_DAY, counted):
        changes[day].inflow, changes[day].outflow = inflow, outflow
    for day, instrument_id, quantity, cost, value in fetch_rows(MOVES, counted):
        changes[day].moves.append(Move(instrument_id, quantity, cost, value))
    return changes


@dataclass(frozen=True, slots=True)
class Prices:
    """What instruments and currencies were worth over a span of days, by what is stored."""

    currency: str  # the portfolio's
    closes: Closes
    priced: Mapping[int, Priced]
    rates: Rates

    def market(self) -> Market:
        """To be asked for one ascending day after another, each instrument by itself."""
        return Market(self.closes, self.priced, self.rates, self.currency)

    def worth(self, instrument_id: int, quantity: Decimal, day: date) -> Decimal | None:
        """What units were worth on any day of the span; None without a price or a rate."""
        closes = {instrument_id: self.closes.get(instrument_id, ())}
        market = Market(closes, self.priced, self.rates, self.currency)
        market.day = day
        return market.worth_of(instrument_id, quantity)


def read_prices(
    portfolio: Portfolio, changes: Mapping[date, DayChange], *, start: date, through: date
) -> Prices:
    """Read prices, splits and rates of all that was ever held; four queries."""
    priced, currencies = what_was_held(held_by(changes), currencies_of(changes))
    first = start - timedelta(days=CARRY_DAYS)
    return Prices(
        currency=portfolio.currency,
        closes=market_queries.daily_closes(priced, start=first, end=through) if priced else {},
        priced=priced,
        rates=rates_into(portfolio.currency, currencies, start=start, through=through),
    )


def what_was_held(
    instrument_ids: Iterable[int], currencies: Iterable[str]
) -> tuple[dict[int, Priced], set[str]]:
    """How instruments are priced, and the currencies with those that they are priced in.

    Two queries.
    """
    priced = priced_instruments(instrument_ids)
    return priced, {*currencies, *(one.currency for one in priced.values())}


def held_by(changes: Mapping[date, DayChange]) -> set[int]:
    """Every instrument that was ever held, or crossed the border."""
    held = {instrument for change in changes.values() for instrument in change.units}
    return held | {move.instrument_id for change in changes.values() for move in change.moves}


def currencies_of(changes: Mapping[date, DayChange]) -> set[str]:
    """Every currency in which there ever was money."""
    return {currency for change in changes.values() for currency in change.cash}


def flows_of(portfolio: Portfolio, changes: Mapping[date, DayChange]) -> dict[date, DayFlow]:
    """What crossed the border on each day of some changes; four queries at most.

    Args:
        changes: see ``crossings``.
    """
    if not changes:
        return {}
    prices = read_prices(portfolio, changes, start=min(changes), through=max(changes))
    market, flows = prices.market(), {}
    for day in sorted(changes):
        market.day = day
        flows[day] = market.flow_of(changes[day])
    return flows


def days_at(
    prices: Prices,
    changes: Mapping[date, DayChange],
    moved: Moved,
    *,
    start: date,
    through: date,
) -> list[DayValue]:
    """The values of days at prices that have been read."""
    return list(value_days(changes, moved, prices.market(), start=start, through=through))


def priced_instruments(instrument_ids: Iterable[int]) -> dict[int, Priced]:
    """How instruments are priced, by id; two queries."""
    if not (wanted := list(instrument_ids)):
        return {}
    # Not by the ORM, which writes each id into the statement by itself.
    ids = [array(wanted)]
    splits: defaultdict[int, list[PriceSplit]] = defaultdict(list)
    for key, ex_date, ratio_from, ratio_to, is_in_history in fetch_rows(SPLITS, ids):
        factor = EXACT.divide(Decimal(ratio_to or 1), Decimal(ratio_from or 1))
        splits[key].append(PriceSplit(ex_date, factor, is_in_history))
    return {
        key: Priced(currency, tuple(splits[key])) for key, currency in fetch_rows(CURRENCIES, ids)
    }


def rates_into(
    currency: str, currencies: Iterable[str], *, start: date, through: date
) -> dict[str, dict[date, Decimal]]:
    """What one of each currency is in another, on each day on which that is known."""
    pairs = [(one, currency) for one in sorted(set(currencies) - {currency})]
    if not pairs:
        return {}
    return {
        base: {
            found.on_date: found.rate for found in series.days if isinstance(found, ExchangeRate)
        }
        for (base, _), series in rate_series(pairs, start=start, end=through).items()
    }
