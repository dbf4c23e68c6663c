"""What a portfolio was worth over a span of days, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from portfolio import queries
from portfolio.bookkeeping.amounts import product
from portfolio.charts import AreaChart, ValuePoint, area_chart
from portfolio.models import Portfolio
from portfolio.returns.benchmarks import Benchmark, Comparison
from portfolio.returns.time_weighted import ONE
from portfolio.valuation import freshen_if_free
from portfolio.valuations.ranges import ChartRange, start_date
from portfolio.valuations.valuing import ONE_DAY


@dataclass(frozen=True, slots=True)
class WorthHistory:
    """``chart`` is None where fewer than two days have a value.

    Days from ``stale_from`` on are being valued by somebody else, and shown as they were.
    """

    chart: AreaChart | None
    benchmark: Benchmark | None = None
    stale_from: date | None = None


def worth_history(
    portfolio: Portfolio,
    choice: ChartRange,
    *,
    worth_now: Decimal | None,
    benchmark: Comparison | None = None,
    at: datetime,
) -> WorthHistory:
    """Read the daily valuations of the range and end them with the worth of this moment.

    Nobody waits for days that somebody else is valuing already. What it is compared with is
    drawn beside it from the same worth on the same day.
    """
    today = at.date()
    start = start_date(choice, end=today)
    days, stale_from = fresh_series(portfolio, start=start, through=today - ONE_DAY)
    points = [ValuePoint(day, worth) for day, worth in days]
    if worth_now is not None:
        points.append(ValuePoint(today, worth_now))
    if benchmark is None or len(points) < 2:
        return WorthHistory(area_chart(points), stale_from=stale_from)
    first = points[0]
    compared = benchmark.over(first.date + ONE_DAY, today)
    return WorthHistory(area_chart(points, grown_from(first, compared)), compared, stale_from)


def fresh_series(
    portfolio: Portfolio, *, start: date, through: date
) -> tuple[list[tuple[date, Decimal]], date | None]:
    """The worth on days of a span, valued first where they end early or something made them wrong.

    With the first day that is not as it should be, where somebody else is valuing it already. One
    query where nothing is wrong and the last day is known: the days and the portfolio tell.
    """
    days = queries.worth_series(portfolio, start, through)
    if portfolio.valuations_stale_from is None and days and days[-1][0] == through:
        return days, None
    stale_from = freshen_if_free(portfolio, through_date=through)
    return queries.worth_series(portfolio, start, through), stale_from


def grown_from(first: ValuePoint, benchmark: Benchmark) -> list[ValuePoint]:
    """What the first worth would be, had it done as the benchmark did; empty where it cannot."""
    if first.value <= 0 or not benchmark.series:
        return []
    grown = ((day, product(first.value, ONE + gain)) for day, gain in benchmark.series)
    return [first, *(ValuePoint(day, value) for day, value in grown)]
