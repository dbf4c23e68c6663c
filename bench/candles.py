"""500 candles of each interval over ten million ticks, against pgbench running the same SQL.

The ticks lie in the real partitioned table; minutes are made from them by SQL, longer bars
by the code that rolls them up in service. What is timed is the query that the API answers from.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import connection, transaction
from psycopg import ClientCursor

from bench.database import pgbench_rate
from bench.harness import Options, Report, alternate, peak_memory_mib
from market.intake.partitions import ensure_tick_partitions
from market.models import Exchange, Instrument
from market.queries import bars_json
from market.series.rollups import roll_up_closed
from market.values import Interval

TICKS: Final = 10_000_000
DAYS: Final = 560
NEWEST_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
SYMBOL: Final = "CANDLE"
CANDLES: Final = 500
TIMED_SECONDS: Final = 1.0

MAKE_TICKS: Final = """
    INSERT INTO market_tick (instrument_id, occurred_at, provider_tick_id, price, size, source)
    SELECT %(id)s, %(first)s + n * %(step)s::interval, n::text,
           round((100 + 20 * sin(n / 50000.0)
                  + (hashint4(n + %(seed)s) %% 100) / 100.0)::numeric, 2),
           1 + abs(hashint4(n)) %% 300, 'bench'
    FROM generate_series(0, %(ticks)s - 1) AS n
"""
MAKE_MINUTES: Final = """
    INSERT INTO market_bar (instrument_id, "interval", opened_at, open, high, low, close, volume,
                            turnover, "count", source, first_tick_at, last_tick_at)
    SELECT instrument_id, '1m', date_trunc('minute', occurred_at),
           (array_agg(price ORDER BY occurred_at))[1], max(price), min(price),
           (array_agg(price ORDER BY occurred_at DESC))[1], sum(size), sum(price * size), count(*),
           'bench', min(occurred_at), max(occurred_at)
    FROM market_tick GROUP BY instrument_id, date_trunc('minute', occurred_at)
"""
FROM_TICKS: Final = """
    SELECT count(*) FROM (
        SELECT date_trunc('{unit}', occurred_at AT TIME ZONE 'America/New_York') AS opened_at,
               (array_agg(price ORDER BY occurred_at))[1], max(price), min(price),
               (array_agg(price ORDER BY occurred_at DESC))[1], sum(size)
        FROM market_tick
        WHERE instrument_id = {id} AND occurred_at >= '{start}'
        GROUP BY 1 ORDER BY 1
    ) AS bar
"""


def run(options: Options) -> Report:
    report = Report("candles", options.seed, options.rounds)
    instrument = _prepare(options)
    _measure_intervals(report, instrument, options)
    _measure_raw_ticks(report, instrument, options)
    report.memory_mib = peak_memory_mib()
    report.notes.append(f"{int(TICKS * options.scale):,} ticks over {DAYS} days, {CANDLES} candles")
    return report


def _prepare(options: Options) -> Instrument:

    exchange = Exchange.objects.create(
        mic="XNYS", name="New York", timezone="America/New_York", calendar="XNYS"
    )
    instrument = Instrument.objects.create(
        symbol=SYMBOL, name=SYMBOL, exchange=exchange, currency="USD"
    )
    first = NEWEST_AT - timedelta(days=DAYS)
    ensure_tick_partitions(first_date=first.date(), days=DAYS + 1)
    ticks = int(TICKS * options.scale)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(
            MAKE_TICKS,
            {
                "id": instrument.id,
                "first": first,
                "step": f"{timedelta(days=DAYS) / ticks / timedelta(microseconds=1)} microseconds",
                "seed": options.seed % 1_000_000,
                "ticks": ticks,
            },
        )
        cursor.execute(MAKE_MINUTES)
        roll_up_closed([instrument.id], at=NEWEST_AT)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE market_bar")
        cursor.execute("ANALYZE market_tick")
    return instrument


def _measure_intervals(report: Report, instrument: Instrument, options: Options) -> None:

    medians = {}
    for interval in Interval:
        read = partial(bars_json, instrument, interval=interval, end=NEWEST_AT, limit=CANDLES)
        script = _spoken_sql(read)
        results = alternate(
            options.rounds,
            {
                "ours": partial(_rate, read),
                "limit": partial(pgbench_rate, script, seconds=1),
            },
        )
        report.add(
            f"{interval.value} candles read",
            unit="series/s",
            ours=results["ours"],
            limit=results["limit"],
            at_least=0.6,
        )
        medians[interval.value] = 1000 / statistics.median(results["ours"])
    fastest = min(medians.values())
    for name, milliseconds in medians.items():
        report.add(
            f"{name} against the fastest interval",
            unit="ms",
            ours=[milliseconds],
            limit=[fastest],
            at_most=2,
        )


def _measure_raw_ticks(report: Report, instrument: Instrument, options: Options) -> None:

    for interval, unit, back in (
        (Interval.HOUR, "hour", timedelta(hours=CANDLES)),
        (Interval.DAY, "day", timedelta(days=CANDLES)),
    ):
        sql = FROM_TICKS.format(unit=unit, id=instrument.id, start=NEWEST_AT - back)

        def from_ticks(sql: str = sql) -> None:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                cursor.fetchall()

        read = partial(bars_json, instrument, interval=interval, end=NEWEST_AT, limit=CANDLES)
        results = alternate(
            options.rounds,
            {
                "stored": partial(_rate, read),
                "ticks": partial(_rate, from_ticks, seconds=0.0),
            },
        )
        report.add(
            f"{interval.value} stored against raw ticks",
            unit="series/s",
            ours=results["stored"],
            limit=results["ticks"],
            at_least=50,
        )


def _rate(work: Callable[[], object], *, seconds: float = TIMED_SECONDS) -> float:
    """Calls a second; one call at least."""
    calls, started = 0, time.perf_counter()
    while calls == 0 or time.perf_counter() - started < seconds:
        work()
        calls += 1
    return calls / (time.perf_counter() - started)


def _spoken_sql(read: Callable[[], object]) -> str:
    """The SQL that a read sends, with its parameters written out, as one pgbench statement."""

    spoken: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        raw = connection.connection
        spoken.append(ClientCursor(raw).mogrify(sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        read()
    # pgbench takes a colon before a letter for a variable; a cast may be written otherwise.
    (sql,) = spoken
    return " ".join(sql.split()).replace(";", "") + ";\n"
