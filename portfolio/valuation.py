"""Daily valuations: derived from entries and closes, from the earliest changed day only.

A day is a day of UTC. Today has no row: it is live, see ``portfolios.summary``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Min

from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.bulk import copy_rows
from portfolio.errors import PortfolioNotFound
from portfolio.models import DailyValuation, JournalEntry, Portfolio
from portfolio.position_days.books import read_books
from portfolio.position_days.changes import read_moved
from portfolio.position_days.columns import ColumnMaker
from portfolio.position_days.currency_effects import cost_effects
from portfolio.position_days.keeping import forget_positions, keep_positions
from portfolio.position_days.portfolio_days import value_table
from portfolio.position_days.table_reading import read_table
from portfolio.position_days.vectors import position_worths
from portfolio.valuations.valuing import DayValue

# The newest closes may still have been on their way when these days were valued.
RECHECKED_DAYS: Final = 4

COLUMNS: Final = (
    *("portfolio_id", "date", "cash", "market_value", "cost", "net_flow", "inflow", "outflow"),
    *("carried_gain", "gap", "income", "fees", "taxes", "trade_fees", "trade_taxes"),
    *("currency_effect", "cash_effect"),
)


@transaction.atomic
def refresh_valuations(portfolio_id: UUID, through_date: date, *, is_full: bool = False) -> int:
    """Bring the stored valuations up to a date; return how many days were written.

    Valued are the days since the earliest change, and a few before the newest row, whose
    closes may have come late. ``is_full`` values every day anew. Of the position-days since
    then, those of months that came out otherwise are written.

    Raises:
        PortfolioNotFound: there is no such portfolio.
    """
    # The lock makes one refresh of a portfolio at a time; entries can be posted meanwhile.
    portfolio = Portfolio.objects.select_for_update(no_key=True).filter(id=portfolio_id).first()
    if portfolio is None:
        raise PortfolioNotFound(f"There is no portfolio {portfolio_id}.")
    return _refresh(portfolio, through_date, is_full=is_full)


def _refresh(portfolio: Portfolio, through_date: date, *, is_full: bool = False) -> int:
    """Value the days of a portfolio that is locked."""
    is_full = is_full or not DailyValuation.objects.filter(portfolio=portfolio).exists()
    start = find_start(portfolio, is_full=is_full)
    if start is None or start > through_date:
        return 0
    books = read_books(portfolio, is_anew=is_full)
    # Position-days are compared with those stored by whole months.
    month = start.replace(day=1)
    table = read_table(portfolio, books, start=month, through=through_date, is_anew=is_full)
    worths = position_worths(table, books.units)
    moved = read_moved(portfolio, books.changes, table.worth, start=month, end=through_date)
    effects = cost_effects(table, moved.instruments)
    valued = value_table(
        table, books.changes, worths, earned=moved.earned, effects=effects, start=start
    )
    days = list(valued)
    replace_days(portfolio, days, start=start)
    positions = ColumnMaker(table, effects).positions(worths, moved.instruments)
    keep_positions(portfolio, table, positions, is_full=is_full)
    return len(days)


def forget_valuations(portfolio: Portfolio) -> None:
    """Delete every stored day; the next refresh values all of them."""
    DailyValuation.objects.filter(portfolio=portfolio).delete()
    forget_positions(portfolio)


def freshen(portfolio: Portfolio, *, through_date: date) -> None:
    """Bring the stored valuations up to a date if something has made them wrong or they end early.

    Two queries where nothing has; so whoever reads a figure gets that of the newest books.
    """
    if find_stale(portfolio, through_date=through_date) is not None:
        refresh_valuations(portfolio.id, through_date)


def freshen_if_free(portfolio: Portfolio, *, through_date: date) -> date | None:
    """As ``freshen``, but nobody waits for whoever is valuing the portfolio already.

    Returns:
        The first day that is not yet what it should be; None where all are.
    """
    stale_from = find_stale(portfolio, through_date=through_date)
    if stale_from is None:
        return None
    with transaction.atomic():
        free = Portfolio.objects.select_for_update(no_key=True, skip_locked=True)
        locked = free.filter(id=portfolio.id).first()
        if locked is None:
            return stale_from
        _refresh(locked, through_date)
    return None


def find_stale(portfolio: Portfolio, *, through_date: date) -> date | None:
    """The first day up to a date whose stored value is wrong or not there; one or two queries."""
    stale_from, latest = (
        Portfolio.objects.filter(id=portfolio.id)
        .annotate(latest=Max("valuations__date"))
        .values_list("valuations_stale_from", "latest")
        .get()
    )
    following = latest + timedelta(days=1) if latest else first_day(portfolio) or date.max
    if stale_from is not None:
        return min(stale_from, following)
    return following if following <= through_date else None


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


def replace_days(portfolio: Portfolio, days: Iterable[DayValue], *, start: date) -> None:
    DailyValuation.objects.filter(portfolio=portfolio, date__gte=start).delete()
    copy_rows("portfolio_dailyvaluation", COLUMNS, (stored_day(portfolio, day) for day in days))
    if portfolio.valuations_stale_from is not None:
        portfolio.valuations_stale_from = None
        portfolio.save(update_fields=["valuations_stale_from"])


def stored_day(portfolio: Portfolio, day: DayValue) -> tuple[object, ...]:
    flow, earned = day.flow, day.earned
    is_known = flow.inflow is not None and flow.outflow is not None
    net = (flow.inflow or ZERO) - (flow.outflow or ZERO) if is_known else None
    return (
        *(portfolio.id, day.date, day.cash, day.market_value, day.cost, net),
        *(flow.inflow, flow.outflow, flow.carried_gain, day.gap),
        *(earned.income, earned.fees, earned.taxes, earned.trade_fees, earned.trade_taxes),
        *(day.currency_effect, day.cash_effect),
    )
