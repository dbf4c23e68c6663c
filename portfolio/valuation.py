"""Daily valuations: derived from entries and closes, from the earliest changed day only.

A day is a day of UTC. Today has no row: it is live, see ``portfolios.summary``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Min

from market import queries as market_queries
from market.currencies.cross_rates import ExchangeRate
from market.currencies.exchange_rates import rate_series
from market.models import CorporateAction, Instrument
from market.models.corporate_actions import ActionKind
from portfolio.bookkeeping.amounts import EXACT, ZERO
from portfolio.bookkeeping.bulk import copy_rows, fetch_rows
from portfolio.errors import PortfolioNotFound
from portfolio.models import DailyValuation, JournalEntry, Portfolio
from portfolio.valuations.valuing import (
    CARRY_DAYS,
    DayChange,
    DayValue,
    Move,
    Priced,
    PriceSplit,
    value_days,
)

# The newest closes may still have been on their way when these days were valued.
RECHECKED_DAYS: Final = 4

CASH_BY_DAY: Final = """
SELECT (e.occurred_at AT TIME ZONE 'UTC')::date AS day, a.currency, sum(p.amount)
FROM portfolio_journalentry AS e
JOIN portfolio_posting AS p ON p.entry_id = e.id
JOIN portfolio_ledgeraccount AS a ON a.id = p.ledger_account_id
WHERE e.portfolio_id = %s AND a.currency <> ''
    AND a.kind IN ('settled', 'to_receive', 'to_deliver')
GROUP BY day, a.currency HAVING sum(p.amount) <> 0
"""
# What was reversed never crossed the border, and what was before a reset is not counted.
FLOWS_BY_DAY: Final = """
SELECT day, sum(greatest(flow, 0)), sum(greatest(-flow, 0)) FROM (
    SELECT (e.occurred_at AT TIME ZONE 'UTC')::date AS day,
        round(-p.amount * e.base_rate, 10) AS flow
    FROM portfolio_journalentry AS e
    JOIN portfolio_posting AS p ON p.entry_id = e.id
    JOIN portfolio_ledgeraccount AS a ON a.id = p.ledger_account_id
    WHERE e.portfolio_id = %s AND a.currency <> '' AND a.kind = 'equity'
        AND e.occurred_at > %s AND e.kind <> 'reversal' AND NOT EXISTS (
            SELECT 1 FROM portfolio_journalentry AS reversal WHERE reversal.reverses_id = e.id)
) AS flows GROUP BY day
"""
MOVES: Final = """
SELECT (occurred_at AT TIME ZONE 'UTC')::date, instrument_id, quantity, cost, value
FROM portfolio_unitmove WHERE portfolio_id = %s AND occurred_at > %s
"""
UNITS_BY_DAY: Final = """
SELECT (e.occurred_at AT TIME ZONE 'UTC')::date AS day, a.instrument_id, sum(p.amount)
FROM portfolio_journalentry AS e
JOIN portfolio_posting AS p ON p.entry_id = e.id
JOIN portfolio_ledgeraccount AS a ON a.id = p.ledger_account_id
WHERE e.portfolio_id = %s AND a.instrument_id IS NOT NULL
    AND a.kind IN ('settled', 'to_receive', 'to_deliver')
GROUP BY day, a.instrument_id HAVING sum(p.amount) <> 0
"""
COST_BY_DAY: Final = """
SELECT day, sum(cost) FROM (
    SELECT (coalesce(acquired_at, opened_at) AT TIME ZONE 'UTC')::date AS day, cost
    FROM portfolio_lot
    WHERE portfolio_id = %(portfolio)s
    UNION ALL
    SELECT (c.closed_at AT TIME ZONE 'UTC')::date, -c.cost
    FROM portfolio_lotclosure AS c JOIN portfolio_lot AS l ON l.id = c.lot_id
    WHERE l.portfolio_id = %(portfolio)s
) AS changes GROUP BY day
"""
COLUMNS: Final = (
    *("portfolio_id", "date", "cash", "market_value", "cost", "net_flow", "inflow", "outflow"),
    *("carried_gain", "gap"),
)


@transaction.atomic
def refresh_valuations(portfolio_id: UUID, through_date: date, *, is_full: bool = False) -> int:
    """Bring the stored valuations up to a date; return how many days were written.

    Valued are the days since the earliest change, and a few before the newest row, whose
    closes may have come late. ``is_full`` values every day anew.

    Raises:
        PortfolioNotFound: there is no such portfolio.
    """
    # The lock makes one refresh of a portfolio at a time; entries can be posted meanwhile.
    portfolio = Portfolio.objects.select_for_update(no_key=True).filter(id=portfolio_id).first()
    if portfolio is None:
        raise PortfolioNotFound(f"There is no portfolio {portfolio_id}.")
    start = find_start(portfolio, is_full=is_full)
    if start is None or start > through_date:
        return 0
    changes = changes_by_day(portfolio)
    days = value_portfolio(portfolio, changes, start=start, through=through_date)
    replace_days(portfolio, days, start=start)
    return len(days)


def value_portfolio(
    portfolio: Portfolio, changes: Mapping[date, DayChange], *, start: date, through: date
) -> list[DayValue]:
    """Value days by what is stored of prices, splits and rates; four queries."""
    held = {instrument for change in changes.values() for instrument in change.units}
    held |= {move.instrument_id for change in changes.values() for move in change.moves}
    priced = priced_instruments(held)
    currencies = {currency for change in changes.values() for currency in change.cash}
    currencies |= {one.currency for one in priced.values()}
    first = start - timedelta(days=CARRY_DAYS)
    return list(
        value_days(
            changes,
            market_queries.daily_closes(list(held), start=first, end=through) if held else {},
            priced=priced,
            rates=rates_into(portfolio.currency, currencies, start=start, through=through),
            currency=portfolio.currency,
            start=start,
            through=through,
        )
    )


def freshen(portfolio: Portfolio, *, through_date: date) -> None:
    """Bring the stored valuations up to a date if something has made them wrong or they end early.

    Two queries where nothing has; so whoever reads a figure gets that of the newest books.
    """
    stale_from, latest = (
        Portfolio.objects.filter(id=portfolio.id)
        .annotate(latest=Max("valuations__date"))
        .values_list("valuations_stale_from", "latest")
        .get()
    )
    if stale_from is not None or latest is None or latest < through_date:
        refresh_valuations(portfolio.id, through_date)


def find_start(portfolio: Portfolio, *, is_full: bool) -> date | None:
    """The first day to value; None before the portfolio's first entry."""
    stored = DailyValuation.objects.filter(portfolio=portfolio).aggregate(latest=Max("date"))
    latest, first_date = stored["latest"], first_day(portfolio)
    if first_date is None:
        return None
    if is_full or latest is None:
        return first_date
    start: date = latest + timedelta(days=1 - RECHECKED_DAYS)
    stale_from = portfolio.valuations_stale_from or start
    return max(first_date, min(start, stale_from))


def first_day(portfolio: Portfolio) -> date | None:
    """The day of its reset, or else of its first entry; None before that."""
    if portfolio.reset_at is not None:
        return portfolio.reset_at.astimezone(UTC).date()
    entries = JournalEntry.objects.filter(portfolio=portfolio)
    first: datetime | None = entries.aggregate(first=Min("occurred_at"))["first"]
    return None if first is None else first.date()


def changes_by_day(portfolio: Portfolio) -> dict[date, DayChange]:
    """What the portfolio's entries changed, by day; five queries.

    A reset took out what was there, so money, units and cost before it add up to nothing.
    """
    counted = [portfolio.id, portfolio.counts_from]
    changes: defaultdict[date, DayChange] = defaultdict(DayChange)
    for day, currency, cash in fetch_rows(CASH_BY_DAY, [portfolio.id]):
        changes[day].cash[currency] = cash
    for day, inflow, outflow in fetch_rows(FLOWS_BY_DAY, counted):
        changes[day].inflow, changes[day].outflow = inflow, outflow
    for day, instrument_id, quantity in fetch_rows(UNITS_BY_DAY, [portfolio.id]):
        changes[day].units[instrument_id] = quantity
    for day, instrument_id, quantity, cost, value in fetch_rows(MOVES, counted):
        changes[day].moves.append(Move(instrument_id, quantity, cost, value))
    for day, cost in fetch_rows(COST_BY_DAY, {"portfolio": portfolio.id}):
        changes[day].cost = cost
    return changes


def priced_instruments(instrument_ids: Iterable[int]) -> dict[int, Priced]:
    """How instruments are priced, by id; two queries."""
    ids = list(instrument_ids)
    splits: defaultdict[int, list[PriceSplit]] = defaultdict(list)
    actions = CorporateAction.objects.standing().filter(
        instrument_id__in=ids, kind=ActionKind.SPLIT
    )
    for one in actions.order_by("ex_date", "id"):
        factor = EXACT.divide(Decimal(one.ratio_to or 1), Decimal(one.ratio_from or 1))
        splits[one.instrument_id].append(PriceSplit(one.ex_date, factor, one.is_in_history))
    found = Instrument.objects.filter(id__in=ids).order_by("id").values_list("id", "currency")
    return {key: Priced(currency, tuple(splits[key])) for key, currency in found}


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


def replace_days(portfolio: Portfolio, days: Iterable[DayValue], *, start: date) -> None:
    DailyValuation.objects.filter(portfolio=portfolio, date__gte=start).delete()
    copy_rows("portfolio_dailyvaluation", COLUMNS, (stored_day(portfolio, day) for day in days))
    if portfolio.valuations_stale_from is not None:
        portfolio.valuations_stale_from = None
        portfolio.save(update_fields=["valuations_stale_from"])


def stored_day(portfolio: Portfolio, day: DayValue) -> tuple[object, ...]:
    flow = day.flow
    is_known = flow.inflow is not None and flow.outflow is not None
    net = (flow.inflow or ZERO) - (flow.outflow or ZERO) if is_known else None
    return (
        *(portfolio.id, day.date, day.cash, day.market_value, day.cost, net),
        *(flow.inflow, flow.outflow, flow.carried_gain, day.gap),
    )
