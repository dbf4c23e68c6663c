"""What watching alerts needs from the database, each in one query."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection

from market.alerts.close_series import CLOSES_KEPT, CloseSeries
from market.alerts.crossing_index import Watch
from market.alerts.kinds import AlertKind, AlertStatus, Direction
from market.alerts.terms import Condition
from market.alerts.watched import SeriesKey, WatchedAlert
from market.corporate_actions.factors import IS_OF_TICKS
from market.corporate_actions.live_splits import times
from market.corporate_actions.split_factors import factor_between, splits_of
from market.live.shard_leader import Shard
from market.values import Interval

SERIES_REACH: Final = timedelta(days=5 * 366)  # how far back so many days may lie

ALERTS: Final = """
SELECT id, instrument_id, kind, direction, threshold, "interval", length, fast_length,
       portfolio_id, status, revision, compared_at, rearm_at, repeats, cooldown_seconds
FROM market_alert
WHERE status <> 'triggered' AND instrument_id %% %(count)s = %(index)s
"""
MARKS: Final = """
SELECT id, revision, status = 'armed' FROM market_alert
WHERE status <> 'triggered' AND instrument_id %% %(count)s = %(index)s
"""
# Bars longer than a minute are stored once they have closed, minutes from their first price on.
CLOSES: Final = f"""
SELECT wanted.instrument_id, wanted."interval", exchange.timezone, bar.opened_at, bar.close,
       bar.is_as_traded
FROM unnest(%(ids)s::int[], %(intervals)s::text[]) AS wanted (instrument_id, "interval")
JOIN market_instrument AS instrument ON instrument.id = wanted.instrument_id
JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
LEFT JOIN LATERAL (
    SELECT opened_at, close, {IS_OF_TICKS} AS is_as_traded FROM market_bar
    WHERE instrument_id = wanted.instrument_id AND "interval" = wanted."interval"
    ORDER BY opened_at DESC LIMIT %(limit)s
) AS bar ON true
ORDER BY 1, 2, 4
"""

TICKS: Final = """
SELECT instrument_id, price, occurred_at FROM market_tick
WHERE occurred_at >= %(since)s AND instrument_id %% %(count)s = %(index)s
ORDER BY occurred_at, provider_tick_id
"""


class AlertRow(NamedTuple):
    """The columns of ``ALERTS``; a model object for each of 100,000 would take seconds."""

    id: UUID
    instrument_id: int
    kind: str
    direction: str
    threshold: Decimal | None
    interval: str
    length: int | None
    fast_length: int | None
    portfolio_id: UUID | None
    status: str
    revision: int
    compared_at: datetime | None
    rearm_at: datetime | None
    repeats: bool
    cooldown_seconds: int


def read_alerts(shard: Shard, *, ids: Collection[UUID] | None = None) -> list[WatchedAlert]:
    """The shard's alerts that may still fire, or those of them that are named."""
    sql = ALERTS if ids is None else f"{ALERTS} AND id = ANY(%(ids)s)"
    words: dict[str, Any] = {"count": shard.count, "index": shard.index, "ids": list(ids or ())}
    with connection.cursor() as cursor:
        cursor.execute(sql, words)
        return [_watched(AlertRow(*row)) for row in cursor]


def read_marks(shard: Shard) -> dict[UUID, tuple[int, bool]]:
    """Revision, and whether armed, of each of the shard's alerts that may still fire."""
    with connection.cursor() as cursor:
        cursor.execute(MARKS, {"count": shard.count, "index": shard.index})
        return {alert_id: (revision, is_armed) for alert_id, revision, is_armed in cursor}


def read_ticks(shard: Shard, *, since: datetime) -> list[tuple[int, Decimal, datetime]]:
    """The shard's stored ticks from a moment on, in order of time."""
    words: dict[str, Any] = {"count": shard.count, "index": shard.index, "since": since}
    with connection.cursor() as cursor:
        cursor.execute(TICKS, words)
        return [(number, price, at) for number, price, at in cursor]


def read_series(keys: Iterable[SeriesKey], *, at: datetime) -> dict[SeriesKey, CloseSeries]:
    """The newest closes of each instrument and interval, those before splits in shares of now."""
    wanted = list(keys)
    if not wanted:
        return {}
    words: dict[str, Any] = {
        "ids": [instrument_id for instrument_id, _ in wanted],
        "intervals": [interval.value for _, interval in wanted],
        "limit": CLOSES_KEPT + 1,
    }
    splits = splits_of({number for number, _ in wanted}, since=(at - SERIES_REACH).date())
    found: dict[SeriesKey, CloseSeries] = {}
    with connection.cursor() as cursor:
        cursor.execute(CLOSES, words)
        for instrument_id, interval, timezone, opened_at, close, is_as_traded in cursor:
            key = (instrument_id, Interval(interval))
            if key not in found:
                found[key] = CloseSeries(key[1], timezone=timezone)
            if close is not None:
                factor = factor_between(
                    splits.get(instrument_id, ()),
                    after=opened_at,
                    until=at,
                    is_as_traded=is_as_traded,
                )
                found[key].load([(opened_at, times(close, factor))])
    return found


def _watched(row: AlertRow) -> WatchedAlert:
    condition = Condition(
        kind=AlertKind(row.kind),
        threshold=row.threshold,
        direction=Direction(row.direction),
        interval=Interval(row.interval) if row.interval else None,
        length=row.length,
        fast_length=row.fast_length,
        portfolio_id=row.portfolio_id,
    )
    watch = Watch(
        alert_id=row.id,
        instrument_id=row.instrument_id,
        revision=row.revision,
        is_above=condition.is_above,
        level=None,  # found where the prices are known
        is_armed=row.status == AlertStatus.ARMED,
        compared_at=row.compared_at,
        rearm_at=row.rearm_at,
        repeats=row.repeats,
        cooldown=timedelta(seconds=row.cooldown_seconds),
    )
    return WatchedAlert(watch, condition)
