"""Figures about an instrument's daily prices over a span of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import connection
from django.utils import timezone

from market.corporate_actions.adjustment import Adjustment
from market.corporate_actions.factors import factors_of
from market.models import Instrument
from market.series.bar_series import SeriesRange, series_query
from market.values import Interval

SESSIONS_PER_YEAR: Final = 252
YEAR: Final = timedelta(days=365)
MOST_DAYS: Final = 100_000

FIGURES: Final = """
    SELECT count(*), min(low), max(high), trim_scale(round(avg(close), 8)),
           trim_scale(round(stddev_samp(close), 8)),
           trim_scale(round(stddev_samp(log_return) * sqrt(%(sessions)s::numeric), 8)),
           trim_scale(round(sum(coalesce(turnover, (high + low + close) / 3 * volume))
                            / nullif(sum(volume), 0), 8)),
           sum(volume)
    FROM (
        SELECT *, ln(nullif(close, 0) / nullif(lag(close) OVER (ORDER BY opened_at), 0))
                  AS log_return
        FROM ({series}) AS day
    ) AS day
"""


@dataclass(frozen=True, slots=True)
class PriceStatistics:
    """Of the daily bars that open from ``start`` on and before ``end``.

    Prices in the instrument's currency; ``annualised_volatility`` a fraction (``0.25`` is 25 %),
    the sample deviation of daily log returns times the root of 252. ``vwap`` weighs each day's
    own where its source gave turnover, else its typical price, (high + low + close) / 3. None
    where too few days give no figure.
    """

    start: datetime | None
    end: datetime | None
    count: int  # days
    minimum: Decimal | None
    maximum: Decimal | None
    mean: Decimal | None  # of closes
    stdev: Decimal | None  # of closes, sample
    annualised_volatility: Decimal | None
    vwap: Decimal | None
    volume: Decimal | None  # units


def statistics(
    instrument: Instrument,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    at: datetime | None = None,
    adjusted: bool | Adjustment = False,
) -> PriceStatistics:
    """Figures from ``start`` to ``end``; given only ``at``, of the year before it.

    ``adjusted`` is that of the bars they are of; raw ones take a split for a crash.
    """
    if at is not None:
        start, end = start or at - YEAR, end or at
    series = series_query(
        instrument_id=instrument.id,
        timezone=instrument.exchange.timezone,
        interval=Interval.DAY,
        wanted=SeriesRange(start=start, end=end, limit=MOST_DAYS),
        factors=factors_of(instrument, Adjustment.of(adjusted), at=timezone.now()),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            FIGURES.format(series=series.sql),
            series.parameters | {"sessions": SESSIONS_PER_YEAR},
        )
        (row,) = cursor.fetchall()
    return PriceStatistics(start, end, *row)
