"""Daily valuations: derived from entries and closes, from the earliest changed day only.

A day is a day of UTC. Today has no row: it is live, see ``portfolios.summary``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Min

from market import queries as market_queries
from market.models import Instrument
from portfolio.bulk import copy_rows, fetch_rows
from portfolio.errors import PortfolioNotFound
from portfolio.models import DailyValuation, JournalEntry, Portfolio
from portfolio.valuing import CARRY_DAYS, Closes, DayChange, DayValue, value_days

# The newest closes may still have been on their way when these days were valued.
RECHECKED_DAYS: Final = 4

MONEY_BY_DAY: Final = """
SELECT (e.occurred_at AT TIME ZONE 'UTC')::date AS day,
    coalesce(sum(p.amount) FILTER (WHERE a.kind <> 'equity'), 0),
    -coalesce(sum(p.amount) FILTER (WHERE a.kind = 'equity'), 0)
FROM portfolio_journalentry AS e
JOIN portfolio_posting AS p ON p.entry_id = e.id
JOIN portfolio_ledgeraccount AS a ON a.id = p.ledger_account_id
WHERE e.portfolio_id = %s AND a.currency = %s
    AND a.kind IN ('settled', 'to_receive', 'to_deliver', 'equity')
GROUP BY day
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
    SELECT (opened_at AT TIME ZONE 'UTC')::date AS day, cost FROM portfolio_lot
    WHERE portfolio_id = %(portfolio)s
    UNION ALL
    SELECT (c.closed_at AT TIME ZONE 'UTC')::date, -c.cost
    FROM portfolio_lotclosure AS c JOIN portfolio_lot AS l ON l.id = c.lot_id
    WHERE l.portfolio_id = %(portfolio)s
) AS changes GROUP BY day
"""
COLUMNS: Final = ("portfolio_id", "date", "cash", "market_value", "cost", "net_flow")


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
    held = {instrument for change in changes.values() for instrument in change.units}
    closes = usable_closes(held, portfolio.currency, start=start, through=through_date)
    days = list(value_days(changes, closes, start=start, through=through_date))
    replace_days(portfolio, days, start=start)
    return len(days)


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
    entries = JournalEntry.objects.filter(portfolio=portfolio).aggregate(first=Min("occurred_at"))
    latest, first = stored["latest"], entries["first"]
    if first is None:
        return None
    first_date: date = first.date()
    if is_full or latest is None:
        return first_date
    start: date = latest + timedelta(days=1 - RECHECKED_DAYS)
    stale_from = portfolio.valuations_stale_from or start
    return max(first_date, min(start, stale_from))


def changes_by_day(portfolio: Portfolio) -> dict[date, DayChange]:
    """What the portfolio's entries changed, by day; three queries."""
    changes: defaultdict[date, DayChange] = defaultdict(DayChange)
    for day, cash, net_flow in fetch_rows(MONEY_BY_DAY, [portfolio.id, portfolio.currency]):
        changes[day].cash, changes[day].net_flow = cash, net_flow
    for day, instrument_id, quantity in fetch_rows(UNITS_BY_DAY, [portfolio.id]):
        changes[day].units[instrument_id] = quantity
    for day, cost in fetch_rows(COST_BY_DAY, {"portfolio": portfolio.id}):
        changes[day].cost = cost
    return changes


def usable_closes(
    instrument_ids: Iterable[int], currency: str, *, start: date, through: date
) -> Closes:
    """Closes in that currency. There are no exchange rates yet, so others have no price."""
    priced = Instrument.objects.filter(id__in=instrument_ids, currency=currency)
    ids = list(priced.order_by("id").values_list("id", flat=True))
    if not ids:
        return {}
    first = start - timedelta(days=CARRY_DAYS)
    return market_queries.daily_closes(ids, start=first, end=through)


def replace_days(portfolio: Portfolio, days: Iterable[DayValue], *, start: date) -> None:
    DailyValuation.objects.filter(portfolio=portfolio, date__gte=start).delete()
    rows = [
        (portfolio.id, day.date, day.cash, day.market_value, day.cost, day.net_flow) for day in days
    ]
    copy_rows("portfolio_dailyvaluation", COLUMNS, rows)
    if portfolio.valuations_stale_from is not None:
        portfolio.valuations_stale_from = None
        portfolio.save(update_fields=["valuations_stale_from"])
