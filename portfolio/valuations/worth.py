"""What a portfolio was worth over a span of days, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from portfolio import queries
from portfolio.charts import AreaChart, ValuePoint, area_chart
from portfolio.models import Portfolio
from portfolio.valuations.ranges import ChartRange, start_date

HUNDREDTH: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class WorthHistory:
    """``gain`` is the change of worth over the span less what was paid in or out meanwhile.

    ``gain_pct`` is the gain in percent of the first worth and what was paid in after it;
    ``None`` where there was nothing to gain on.
    """

    chart: AreaChart | None
    gain: Decimal | None
    gain_pct: Decimal | None


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
    if len(points) < 2:
        return WorthHistory(chart=None, gain=None, gain_pct=None)
    # The first point's own flows are in its worth already.
    later = [day.net_flow for day in days if day.date > points[0].date]
    if None in later:
        return WorthHistory(chart=area_chart(points), gain=None, gain_pct=None)
    flows = sum((flow for flow in later if flow is not None), Decimal(0))
    base = points[0].value + max(flows, Decimal(0))
    gain = points[-1].value - points[0].value - flows
    gain_pct = (gain * 100 / base).quantize(HUNDREDTH) if base > 0 else None
    return WorthHistory(chart=area_chart(points), gain=gain, gain_pct=gain_pct)
