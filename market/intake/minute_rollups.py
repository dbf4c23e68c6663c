"""Longer bars from minutes that came as bars, as a provider's or a released one.

Those of the live feed are rolled up from ticks by ``market.series.rollups``. Here each closed
bucket that holds a minute is compared with what is stored, so that a correction is a new version.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from market.intake.bars import SIMULATED, Arrivals, StoredBars, lock_daily_bars, write_arrivals
from market.series.buckets import JOINED, ROLLED
from market.series.rollups import roll_up_closed
from market.values import Interval

# A bar that another real source gave as such says more than the minutes we happen to have of it.
TOUCHED: Final = f"""
    SELECT part.instrument_id, '{{interval}}' AS "interval", bucket.opened_at,
           {JOINED["open"]} AS open, {JOINED["high"]} AS high, {JOINED["low"]} AS low,
           {JOINED["close"]} AS close, {JOINED["volume"]} AS volume,
           {JOINED["turnover"]} AS turnover, {JOINED["count"]} AS "count",
           NULL::numeric AS adjusted_close
    FROM (
        SELECT DISTINCT touched.instrument_id, exchange.timezone,
               {{start}} AS opened_at
        FROM unnest(%s::int[], %s::timestamptz[]) AS touched(instrument_id, minute)
        JOIN market_instrument AS instrument ON instrument.id = touched.instrument_id
        JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
    ) AS exchange
    CROSS JOIN LATERAL (
        SELECT exchange.opened_at, {{end}} AS closed_at
    ) AS bucket
    JOIN market_bar AS part
      ON part.instrument_id = exchange.instrument_id AND part."interval" = '1m'
     AND part.opened_at >= bucket.opened_at AND part.opened_at < bucket.closed_at
    WHERE bucket.closed_at <= %s AND NOT EXISTS (
        SELECT FROM market_bar AS stored
        WHERE stored.instrument_id = part.instrument_id AND stored."interval" = '{{interval}}'
          AND stored.opened_at = bucket.opened_at
          AND stored.source NOT IN (%s, '{SIMULATED}'))
    GROUP BY part.instrument_id, bucket.opened_at
"""


@transaction.atomic
def roll_up_minutes(
    minutes: Sequence[tuple[int, datetime]], *, source: str, at: datetime, run_id: UUID | None
) -> StoredBars:
    """Store the longer bars, closed by ``at``, that hold these minutes of these instruments.

    And first those over before them: what came while a day was open is not sent again when it is
    over, and would be overlooked once a later day is stored.
    """
    ids = [instrument_id for instrument_id, _ in minutes]
    moments = [minute for _, minute in minutes]
    added = superseded = unchanged = 0
    with connection.cursor() as cursor:
        lock_daily_bars(cursor)
        added += roll_up_closed(set(ids), at=min(moments, default=at))
        for interval, bucket in ROLLED.items():
            sql = TOUCHED.format(
                interval=Interval(interval).value,
                start=bucket.start_of("touched.minute"),
                end=bucket.end_of("exchange.opened_at"),
            )
            stored = write_arrivals(
                cursor,
                Arrivals(sql, [ids, moments, at, source]),
                source=source,
                recorded_at=at,
                run_id=run_id,
            )
            added += stored.added
            superseded += stored.superseded
            unchanged += stored.unchanged
    return StoredBars(added=added, superseded=superseded, unchanged=unchanged)
