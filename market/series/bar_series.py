"""Series of bars as SQL: stored ones, ones derived from them, and the bucket still open.

All lengths up to a day are stored; weeks and months derive from days. What is not rolled up yet,
the current bucket above all, is added up from minutes. Every
relation made here has the columns opened_at, open, high, low, close, volume, turnover, count and
source, and an outermost LIMIT keeps what is read in proportion to what is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from market.corporate_actions.adjustment import PriceFactors
from market.series.buckets import JOINED, MONTH, ROLLED, WEEK
from market.values import Interval

# The most stored bars that one derived bar can consist of.
PARTS: Final = {
    Interval.WEEK: 7,
    Interval.MONTH: 31,
}

COLUMNS: Final = 'opened_at, open, high, low, close, volume, turnover, "count", source'
JOINED_COLUMNS: Final = ", ".join(f'{sql} AS "{name}"' for name, sql in JOINED.items())

# The factors of the span that a bar opens in; see market/corporate_actions/adjustment.py.
PLACE: Final = "width_bucket(opened_at, %(ex_ats)s::timestamptz[]) + 1"
SPLIT: Final = (
    "CASE WHEN first_tick_at IS NOT NULL AND source <> 'simulated'"
    f" THEN (%(splits_of_ticks)s::numeric[])[{PLACE}] ELSE (%(splits)s::numeric[])[{PLACE}] END"
)
# Where a source adjusted the close of a day, its word stands for the dividends it knew.
DIVIDEND: Final = (
    "CASE WHEN adjusted_close IS NOT NULL AND %(with_dividends)s"
    f" THEN adjusted_close / close * (%(late_dividends)s::numeric[])[{PLACE}]"
    f" ELSE (%(dividends)s::numeric[])[{PLACE}] END"
)
ADJUSTED_PRICES: Final = ", ".join(
    f"round({name} * split * dividend, 8) AS {name}" for name in ("open", "high", "low", "close")
)
# What was paid for all of them together is the same before and after a split.
ADJUSTED: Final = f"""(
    SELECT instrument_id, "interval", opened_at, {ADJUSTED_PRICES},
           round(volume / split, 10) AS volume, round(turnover * dividend, 10) AS turnover,
           "count", source
    FROM market_bar
    CROSS JOIN LATERAL (SELECT {SPLIT} AS split, {DIVIDEND} AS dividend) AS factor
)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRange:
    """Which bars: those that open from ``start`` on and before ``end``, at most ``limit``.

    Where there are more, the newest are meant, or with ``from_start`` the oldest.
    """

    start: datetime | None = None
    end: datetime | None = None
    limit: int
    from_start: bool = False


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """A SELECT of bars, ascending, and its parameters."""

    sql: str
    parameters: dict[str, Any]


def series_query(
    *,
    instrument_id: int,
    timezone: str,
    interval: Interval,
    wanted: SeriesRange,
    factors: PriceFactors | None = None,
) -> SeriesQuery:
    """The series of one instrument; ``timezone`` is its exchange's.

    With ``factors`` prices, volumes and turnovers are adjusted by them, bar by bar as stored.

    Raises:
        ValueError: the limit is not positive.
    """
    if wanted.limit < 1:
        raise ValueError(f"limit was {wanted.limit}, must be > 0")
    zone = ZoneInfo(timezone)
    order = "ASC" if wanted.from_start else "DESC"
    is_derived = interval in PARTS
    # One bucket more than wanted, because the first of those read may be cut.
    read_limit = (wanted.limit + 1) * PARTS[interval] if is_derived else wanted.limit
    bars = "market_bar" if factors is None else ADJUSTED
    stored = _stored_sql(interval.stored, order=order, bars=bars)
    series = _derived_sql(interval, stored) if is_derived else stored
    return SeriesQuery(
        sql=f"""
            SELECT * FROM (
                SELECT {COLUMNS} FROM ({series}) AS series
                ORDER BY opened_at {order} LIMIT %(limit)s
            ) AS shown ORDER BY opened_at
        """,
        parameters={
            "instrument_id": instrument_id,
            "interval": interval.stored.value,
            "timezone": timezone,
            "start": bucket_at_or_after(wanted.start, interval, zone) or "-infinity",
            "end": bucket_at_or_after(wanted.end, interval, zone) or "infinity",
            "read_limit": read_limit,
            "limit": wanted.limit,
            **_factor_parameters(factors),
        },
    )


def bucket_at_or_after(at: datetime | None, interval: Interval, zone: ZoneInfo) -> datetime | None:
    """The first start of a bucket that is not before ``at``.

    Bars open at such starts only, so asking from there asks for the same bars, and never for a
    part of one.
    """
    if at is None:
        return None
    if interval.is_intraday:
        length = timedelta(seconds=interval.seconds)
        past = (at - datetime(1970, 1, 1, tzinfo=UTC)) % length
        return at if not past else at - past + length
    local = at.astimezone(zone)
    day = local.date() if local.timetz().replace(tzinfo=None) == datetime.min.time() else None
    day = day or local.date() + timedelta(days=1)
    if interval is Interval.WEEK:
        day += timedelta(days=-day.weekday() % 7)
    elif interval is Interval.MONTH and day.day > 1:
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _factor_parameters(factors: PriceFactors | None) -> dict[str, Any]:
    if factors is None:
        return {}
    return {
        "ex_ats": list(factors.ex_ats),
        "splits": list(factors.splits),
        "splits_of_ticks": list(factors.splits_of_ticks),
        "dividends": list(factors.dividends),
        "late_dividends": list(factors.late_dividends),
        "with_dividends": factors.with_dividends,
    }


def _stored_sql(interval: Interval, *, order: str, bars: str) -> str:
    """Stored bars, and of those longer than a minute the ones that only minutes know yet.

    ``bars`` is the relation to read the values from.
    """
    stored = f"""
        (SELECT {COLUMNS} FROM {bars} AS stored
         WHERE instrument_id = %(instrument_id)s AND "interval" = %(interval)s
           AND opened_at >= %(start)s AND opened_at < %(end)s
         ORDER BY opened_at {order} LIMIT %(read_limit)s)
    """
    if interval not in ROLLED:
        return stored
    cut = ROLLED[interval]
    bucket = cut.start_of("part.opened_at")
    return f"""
        {stored}
        UNION ALL
        (SELECT {bucket} AS opened_at, {JOINED_COLUMNS}
         FROM (SELECT %(timezone)s::text AS timezone) AS exchange
         CROSS JOIN LATERAL (SELECT {_rolled_until(interval)} AS since_at) AS rolled
         {_parts_sql(interval, bars)}
         GROUP BY 1)
    """


def _rolled_until(interval: Interval) -> str:
    """Up to when minutes are rolled up to bars of a length."""
    return f"""coalesce((
        SELECT {ROLLED[interval].end_of("newest.opened_at")} FROM market_bar AS newest
        WHERE newest.instrument_id = %(instrument_id)s AND newest."interval" = '{interval.value}'
        ORDER BY newest.opened_at DESC LIMIT 1
    ), '-infinity')"""


def _parts_sql(interval: Interval, bars: str) -> str:
    """What the bars since ``rolled.since_at`` are made of, as ``part``: the minutes.

    A day has so many of them that quarters of an hour stand for those that are rolled up to them.
    Local midnight is the start of one in every time zone.
    """

    def parts_of(length: Interval, since: str) -> str:
        return f"""
            SELECT * FROM {bars} AS found
            WHERE found.instrument_id = %(instrument_id)s AND found."interval" = '{length.value}'
              AND found.opened_at >= greatest({since}, %(start)s::timestamptz)
              AND found.opened_at < %(end)s::timestamptz
        """

    if interval is not Interval.DAY:
        minutes = parts_of(Interval.MINUTE, "rolled.since_at")
        return f"CROSS JOIN LATERAL ({minutes}) AS part"
    quarter = Interval.FIFTEEN_MINUTES
    return f"""
        CROSS JOIN LATERAL (SELECT {_rolled_until(quarter)} AS until) AS quarters
        CROSS JOIN LATERAL (
            {parts_of(quarter, "rolled.since_at")}
            UNION ALL
            {parts_of(Interval.MINUTE, "rolled.since_at, quarters.until")}
        ) AS part
    """


def _derived_sql(interval: Interval, stored: str) -> str:
    bucket = (WEEK if interval is Interval.WEEK else MONTH).start_of("part.opened_at")
    return f"""
        SELECT {bucket} AS opened_at, {JOINED_COLUMNS}
        FROM (SELECT %(timezone)s::text AS timezone) AS exchange, ({stored}) AS part
        GROUP BY 1
    """
