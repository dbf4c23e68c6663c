"""How one position of a portfolio came to what it is worth, ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db.models import Count, Max, Q, QuerySet, Sum

from market.models import Instrument
from portfolio.bookkeeping.amounts import ZERO
from portfolio.charts import AreaChart, ValuePoint, area_chart
from portfolio.models import DailyValuation, Portfolio, PositionValuation
from portfolio.queries import PositionRow, position_rows, realised_gain_of
from portfolio.valuations.ranges import ChartRange, start_date
from portfolio.valuations.valuing import ONE_DAY

DAYS_SHOWN: Final = 14
SUMMED: Final = ("inflow", "outflow", "income", "charges")


@dataclass(frozen=True, slots=True)
class PositionSpan:
    """What happened over stored days; None where a price or a rate is missing.

    ``gain = end value - start value - inflow + outflow + income - charges``; ``by_rates`` of it
    is what rates did to the cost of what was held.
    """

    inflow: Decimal | None
    outflow: Decimal | None
    income: Decimal
    charges: Decimal
    gain: Decimal | None
    by_rates: Decimal | None


@dataclass(frozen=True, slots=True)
class PositionHistory:
    """``as_of`` is the newest stored day; ``stale_from`` the first that is being valued anew.

    ``days`` are the newest, newest first; ``now`` is live, None where nothing is held.
    ``realised_gain`` is of all sales, None where it was never held.
    """

    chart: AreaChart | None
    span: PositionSpan
    days: Sequence[PositionValuation]
    now: PositionRow | None
    realised_gain: Decimal | None
    as_of: date | None
    stale_from: date | None

    @property
    def is_known(self) -> bool:
        return bool(self.days) or self.now is not None


def position_history(
    portfolio: Portfolio, instrument: Instrument, choice: ChartRange, *, at: datetime
) -> PositionHistory:
    """Read the stored days of a range, and end them with the worth of this moment."""
    today = at.date()
    rows = PositionValuation.objects.filter(portfolio=portfolio, instrument=instrument)
    start = start_date(choice, end=today)
    within = rows.filter(date__gte=start)
    now = next(
        (row for row in position_rows(portfolio) if row.instrument_id == instrument.id), None
    )
    as_of = DailyValuation.objects.filter(portfolio=portfolio).aggregate(day=Max("date"))["day"]
    stale_from = portfolio.valuations_stale_from
    if as_of is not None and as_of < today - ONE_DAY:
        stale_from = min(stale_from or today, as_of + ONE_DAY)
    return PositionHistory(
        chart=area_chart(points_of(within, now, today)),
        span=span_of(within, start=start, end=as_of),
        days=list(within.order_by("-date")[:DAYS_SHOWN]),
        now=now,
        realised_gain=now.realised_gain if now else realised_gain_of(portfolio, instrument),
        as_of=as_of,
        stale_from=stale_from,
    )


def points_of(
    rows: QuerySet[PositionValuation], now: PositionRow | None, today: date
) -> list[ValuePoint]:
    known = rows.order_by("date").values_list("date", "market_value")
    points = [ValuePoint(day, value) for day, value in known if value is not None]
    if now is not None and now.market_value is not None:
        points.append(ValuePoint(today, now.market_value))
    return points


def span_of(rows: QuerySet[PositionValuation], *, start: date, end: date | None) -> PositionSpan:
    """What happened after the first day of the range, whose own flows are in its worth."""
    ends = {row.date: row for row in rows.filter(date__in=[start, end or start])}
    first, final = ends.get(start), ends.get(end or start)
    later = rows.filter(date__gt=start)
    unknown = Count("date", filter=Q(inflow=None) | Q(outflow=None))
    sums = later.aggregate(unknown=unknown, **{name: Sum(name) for name in SUMMED})
    known = {name: sums[name] or ZERO for name in SUMMED}
    values = [ZERO if row is None else row.market_value for row in (first, final)]
    effects = [ZERO if row is None else row.currency_effect for row in (first, final)]
    flows = known["inflow"] - known["outflow"]
    is_known = not sums["unknown"]
    gain = difference(values[0], values[1]) if is_known else None
    return PositionSpan(
        inflow=known["inflow"] if is_known else None,
        outflow=known["outflow"] if is_known else None,
        income=known["income"],
        charges=known["charges"],
        gain=None if gain is None else gain - flows + known["income"] - known["charges"],
        by_rates=difference(effects[0], effects[1]),
    )


def difference(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    return None if before is None or after is None else after - before
