"""What a performance is computed from: one read of a period, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Min

from accounts.errors import Problem, ProblemsError
from portfolio import portfolios
from portfolio.amounts import ZERO
from portfolio.bulk import fetch_rows
from portfolio.entries import EntryKind
from portfolio.errors import PortfolioError
from portfolio.models import DailyValuation, JournalEntry, Portfolio
from portfolio.positions import Trade
from portfolio.valuation import freshen

ONE_DAY: Final = timedelta(days=1)

# Reversals take effect when their entries did, so both are left out together.
MONEY: Final = """
SELECT (e.occurred_at AT TIME ZONE 'UTC')::date, e.kind, sum(e.amount), sum(e.fees), sum(e.taxes)
FROM portfolio_journalentry AS e
LEFT JOIN portfolio_journalentry AS reversal ON reversal.reverses_id = e.id
WHERE e.portfolio_id = %s AND e.kind = ANY(%s) AND reversal.id IS NULL
    AND e.occurred_at >= %s::date::timestamp AT TIME ZONE 'UTC'
    AND e.occurred_at < (%s::date + 1)::timestamp AT TIME ZONE 'UTC'
GROUP BY 1, 2 ORDER BY 1, 2
"""
TRADES: Final = """
SELECT e.instrument_id, e.id, e.kind, e.occurred_at, e.quantity, e.amount, e.fees + e.taxes,
    e.currency
FROM portfolio_journalentry AS e
LEFT JOIN portfolio_journalentry AS reversal ON reversal.reverses_id = e.id
WHERE e.portfolio_id = %s AND e.kind = ANY(%s) AND reversal.id IS NULL
    AND e.occurred_at < (%s::date + 1)::timestamp AT TIME ZONE 'UTC'
"""
MONEY_KINDS: Final = [
    kind.value for kind in EntryKind.activities() if kind not in EntryKind.trades()
]
TRADE_KINDS: Final = [kind.value for kind in EntryKind.trades()]


class PeriodRefused(PortfolioError, ProblemsError):
    """The period makes no sense; ``problems`` says why."""

    code = "period_refused"


@dataclass(slots=True)
class DayMoney:
    """Money of one day that did not come from trades; all >= 0."""

    inflow: Decimal = ZERO
    outflow: Decimal = ZERO
    income: Decimal = ZERO
    fees: Decimal = ZERO
    taxes: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class DayWorth:
    """The end of a day; ``market_value`` is None where a holding had no price."""

    cash: Decimal
    market_value: Decimal | None

    @property
    def total(self) -> Decimal | None:
        return None if self.market_value is None else self.cash + self.market_value


NOTHING: Final = DayWorth(ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """``worth`` of the days of the period and of the day before it."""

    start: date
    end: date
    worth: Mapping[date, DayWorth]
    money: Mapping[date, DayMoney]
    trades: Mapping[int, Sequence[Trade]] = field(default_factory=dict)  # all up to the end

    @property
    def days(self) -> list[date]:
        return [self.start + ONE_DAY * index for index in range((self.end - self.start).days + 1)]

    def worth_on(self, day: date) -> DayWorth:
        """Before the first entry there is nothing, which is worth zero."""
        return self.worth.get(day, NOTHING)


def read_facts(
    portfolio: Portfolio, *, start: date | None, end: date | None, at: datetime
) -> PeriodFacts:
    """Raises:
    PeriodRefused: the period ends in the future, or before it starts.
    """
    today = at.date()
    start, end = find_period(portfolio, start=start, end=end, today=today)
    freshen(portfolio, through_date=min(end, today - ONE_DAY))
    worth_today = None
    if end == today:
        now = portfolios.summary(portfolio, at=at)
        worth_today = (today, DayWorth(now.cash, now.market_value))
    return period_facts(portfolio, start, end, worth_today=worth_today)


def find_period(
    portfolio: Portfolio, *, start: date | None, end: date | None, today: date
) -> tuple[date, date]:
    """Raises:
    PeriodRefused: the period ends in the future, or before it starts.
    """
    end = end or today
    if end > today:
        message = f"end was {end}, must not lie after today, {today}"
        raise PeriodRefused([Problem("end", "in_the_future", message)])
    if start is None:
        entries = JournalEntry.objects.filter(portfolio=portfolio)
        first = entries.aggregate(first=Min("occurred_at"))["first"]
        start = min(first.date(), end) if first else end
    if start > end:
        message = f"start was {start}, must not lie after end, {end}"
        raise PeriodRefused([Problem("start", "after_end", message)])
    return start, end


def period_facts(
    portfolio: Portfolio, start: date, end: date, *, worth_today: tuple[date, DayWorth] | None
) -> PeriodFacts:
    """Read a period, first and last day included. Three queries.

    Args:
        worth_today: the current day and its worth now, which no stored valuation has.
    """
    stored = DailyValuation.objects.filter(
        portfolio=portfolio, date__range=(start - ONE_DAY, end)
    ).order_by("date")
    worth = {day.date: DayWorth(day.cash, day.market_value) for day in stored}
    if worth_today is not None and worth_today[0] <= end:
        worth[worth_today[0]] = worth_today[1]
    return PeriodFacts(
        start=start,
        end=end,
        worth=worth,
        money=money_by_day(portfolio, start, end),
        trades=trades_until(portfolio, end),
    )


def money_by_day(portfolio: Portfolio, start: date, end: date) -> dict[date, DayMoney]:
    money: defaultdict[date, DayMoney] = defaultdict(DayMoney)
    for day, kind, amount, fees, taxes in fetch_rows(
        MONEY, [portfolio.id, MONEY_KINDS, start, end]
    ):
        of_day = money[day]
        of_day.fees += fees
        of_day.taxes += taxes
        match EntryKind(kind):
            case EntryKind.DEPOSIT:
                of_day.inflow += amount
            case EntryKind.WITHDRAWAL:
                of_day.outflow += amount
            case EntryKind.DIVIDEND | EntryKind.INTEREST:
                of_day.income += amount
            case EntryKind.FEE:
                of_day.fees += amount
            case EntryKind.TAX:
                of_day.taxes += amount
            case other:
                raise AssertionError(f"{other} moves no money by itself")
    return money


def trades_until(portfolio: Portfolio, end: date) -> dict[int, list[Trade]]:
    """Trades by instrument, in no order, from the first on: their lots may reach that far back."""
    trades: defaultdict[int, list[Trade]] = defaultdict(list)
    for row in fetch_rows(TRADES, [portfolio.id, TRADE_KINDS, end]):
        instrument_id, *facts = row
        trades[instrument_id].append(Trade.of_row(facts))
    return trades
