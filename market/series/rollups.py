"""Longer bars from minutes, once they are over.

An instrument's closed buckets of every stored length are rolled up when its next minute begins,
in the transaction of the tick that begins it; until then readers add them up from minutes, so a
quiet instrument loses nothing. A tick that comes late rolls its buckets up anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.backends.utils import CursorWrapper

from market.intake.bars import DAILY_BARS_LOCK
from market.models import Bar
from market.series.buckets import DAY, JOINED, ROLLED
from market.signals import daily_bars_changed
from market.values import Interval

INSERT: Final = f"""
    INSERT INTO market_bar AS stored
        (instrument_id, "interval", opened_at, open, high, low, close, volume, turnover, "count",
         source, first_tick_at, last_tick_at)
    SELECT part.instrument_id, %(interval)s, {{bucket}}, {JOINED["open"]}, {JOINED["high"]},
           {JOINED["low"]}, {JOINED["close"]}, {JOINED["volume"]}, {JOINED["turnover"]},
           {JOINED["count"]}, {JOINED["source"]}, min(part.first_tick_at), max(part.last_tick_at)
"""

# A day that came from a file or a back-fill says more than the minutes we happen to have of it.
ON_CONFLICT: Final = """
    GROUP BY part.instrument_id, {bucket}
    ON CONFLICT (instrument_id, "interval", opened_at) DO UPDATE
    SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
        volume = excluded.volume, turnover = excluded.turnover, "count" = excluded."count",
        source = excluded.source, first_tick_at = excluded.first_tick_at,
        last_tick_at = excluded.last_tick_at
    WHERE stored.first_tick_at IS NOT NULL
       OR (stored."interval" <> '1d' AND stored.source = 'simulated')
"""

DAYS_OVER: Final = f"""
    SELECT touched.instrument_id, min((touched.minute AT TIME ZONE exchange.timezone)::date)
    FROM unnest(%(ids)s::int[], %(minutes)s::timestamptz[]) AS touched(instrument_id, minute)
    JOIN market_instrument AS instrument ON instrument.id = touched.instrument_id
    JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
    WHERE touched.minute < {DAY.start_of("%(at)s::timestamptz")}
    GROUP BY touched.instrument_id
"""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SHORTEST: Final = timedelta(
    seconds=min(interval.seconds for interval in ROLLED if interval.is_intraday)
)


def oldest_open_minute(at: datetime) -> datetime:
    """Minutes before this one lie in a bucket that was over at ``at``."""
    return at - (at - EPOCH) % SHORTEST


def roll_up_closed(instrument_ids: Collection[int], *, at: datetime) -> int:
    """Store the bars longer than a minute that were over at ``at`` and are not stored yet.

    Needs a transaction. Returns the number of bars stored.
    """
    return sum(_roll_up(_closed_sql, {"ids": list(instrument_ids), "at": at}).values())


def roll_up_again(minutes: Sequence[tuple[int, datetime]], *, at: datetime) -> int:
    """Store anew the closed bars that hold these minutes of these instruments.

    Needs a transaction. Returns the number of bars stored.
    """
    parameters = {
        "ids": [instrument_id for instrument_id, _ in minutes],
        "minutes": [minute for _, minute in minutes],
        "at": at,
    }
    stored = _roll_up(_again_sql, parameters)
    # Where a bulk writer kept the days from being stored, the newest are what their minutes say.
    if stored.get(Interval.DAY, 1):
        _tell_of_days(parameters)
    return sum(stored.values())


def _tell_of_days(parameters: Mapping[str, Any]) -> None:
    """Send ``daily_bars_changed`` of the minutes whose day is over."""
    with connection.cursor() as cursor:
        cursor.execute(DAYS_OVER, parameters)
        first_dates: dict[int, date] = dict(cursor.fetchall())
    if first_dates:
        daily_bars_changed.send(sender=Bar, first_dates=first_dates)


def _roll_up(
    sql_of: Callable[[Interval], str], parameters: Mapping[str, Any]
) -> dict[Interval, int]:
    """Return how many bars of each length were stored."""
    stored: dict[Interval, int] = {}
    with connection.cursor() as cursor:
        for interval in ROLLED:
            if interval is Interval.DAY and not _may_write_days(cursor):
                continue
            cursor.execute(sql_of(interval), {"interval": interval.value, **parameters})
            stored[interval] = cursor.rowcount
    return stored


def _may_write_days(cursor: CursorWrapper) -> bool:
    """Whether no bulk writer of daily bars is at work; the feed must not wait for one."""
    cursor.execute("SELECT pg_try_advisory_xact_lock_shared(%s)", [DAILY_BARS_LOCK])
    row = cursor.fetchone()
    return row is not None and bool(row[0])


def _closed_sql(interval: Interval) -> str:
    cut = ROLLED[interval]
    bucket = cut.start_of("part.opened_at")
    return f"""
        {INSERT.format(bucket=bucket)}
        FROM market_instrument AS instrument
        JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
        CROSS JOIN LATERAL (
            SELECT coalesce((
                SELECT {cut.end_of("newest.opened_at")} FROM market_bar AS newest
                WHERE newest.instrument_id = instrument.id AND newest."interval" = %(interval)s
                ORDER BY newest.opened_at DESC LIMIT 1
            ), '-infinity') AS since_at
        ) AS rolled
        JOIN market_bar AS part
          ON part.instrument_id = instrument.id AND part."interval" = '1m'
         AND part.opened_at >= rolled.since_at
         AND part.opened_at < {cut.start_of("%(at)s::timestamptz")}
        WHERE instrument.id = ANY(%(ids)s::int[])
        {ON_CONFLICT.format(bucket=bucket)}
    """


def _again_sql(interval: Interval) -> str:
    cut = ROLLED[interval]
    bucket = cut.start_of("part.opened_at")
    return f"""
        {INSERT.format(bucket=bucket)}
        FROM (
            SELECT DISTINCT touched.instrument_id, exchange.timezone,
                   {cut.start_of("touched.minute")} AS opened_at
            FROM unnest(%(ids)s::int[], %(minutes)s::timestamptz[])
                 AS touched(instrument_id, minute)
            JOIN market_instrument AS instrument ON instrument.id = touched.instrument_id
            JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
            WHERE touched.minute < {cut.start_of("%(at)s::timestamptz")}
        ) AS exchange
        JOIN market_bar AS part
          ON part.instrument_id = exchange.instrument_id AND part."interval" = '1m'
         AND part.opened_at >= exchange.opened_at
         AND part.opened_at < {cut.end_of("exchange.opened_at")}
        {ON_CONFLICT.format(bucket=bucket)}
    """
