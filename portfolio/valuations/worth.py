"""What a portfolio was worth over a span of days, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from portfolio import queries
from portfolio.charts import AreaChart, ValuePoint, area_chart
from portfolio.models import Portfolio
from portfolio.valuations.ranges import ChartRange, start_date


@dataclass(frozen=True, slots=True)
class WorthHistory:
    """``chart`` is None where fewer than two days have a value."""

    chart: AreaChart | None


def worth_history(
    portfolio: Portfolio, choice: ChartRange, *, worth_now: Decimal | None, at: datetime
) -> WorthHistory:
    """Read the daily valuations of the range and end them with the worth of this moment."""
    today = at.date()
    start = start_date(choice, end=today)
    days = queries.valuation_series(portfolio, start, today - timedelta(days=1))
    points = [ValuePoint(day.date, day.total_value) for day in days if day.total_value is not None]
    if worth_now is not None:
        points.append(ValuePoint(today, worth_now))
    return WorthHistory(chart=area_chart(points))
