"""Taking prices in: live batches with their bars, and the whole price file with every check.

The limit is a COPY of the same rows into a bare table without keys or indexes: binary for the
batches, and for the file its own bytes, read by the database.
"""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.db import connection
from psycopg import sql

from bench.harness import Options, Report, alternate, measured, peak_memory_mib
from market.intake.ingestion import store_ticks
from market.intake.partitions import ensure_tick_partitions
from market.intake.price_files import import_file
from market.models import Exchange, Instrument
from market.values import TickValue

COPY_BYTES: Final = 1 << 20
BATCH: Final = 500
BATCHES: Final = 200
SYMBOLS: Final = 100
DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data"
PRICES: Final = DATA / "sp500_daily_2015_2020.zip"
INSTRUMENTS: Final = DATA / "instruments.csv"
TICK_TYPES: Final = ("int4", "timestamptz", "text", "numeric", "numeric", "text")
BAR_TYPES: Final = ("text", "date", *("numeric",) * 6)


def run(options: Options) -> Report:
    report = Report("ingest", options.seed, options.rounds)
    _measure_live_batches(report, options)
    if PRICES.exists():
        _measure_price_file(report, options)
    else:
        report.notes.append(f"LEFT OUT: there is no {PRICES.name} to take in")
    report.memory_mib = peak_memory_mib()
    return report


def _measure_live_batches(report: Report, options: Options) -> None:
    instruments = _make_instruments()
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=12)
    ensure_tick_partitions(first_date=start.date(), days=2)
    numbers = random.Random(options.seed)
    batches = max(1, int(BATCHES * options.scale))
    clock = [start]

    def next_ticks() -> list[list[TickValue]]:
        made = [
            _batch(instruments, clock[0] + timedelta(seconds=n), numbers) for n in range(batches)
        ]
        clock[0] += timedelta(seconds=batches)
        return made

    def ours() -> float:
        made = next_ticks()
        with measured() as sample:
            for batch in made:
                store_ticks(batch, received_at=batch[-1].occurred_at)
        return batches * BATCH / sample.wall_seconds

    def limit() -> float:
        rows = [[_row(tick) for tick in batch] for batch in next_ticks()]
        with _bare_table(TICK_TYPES) as copy, measured() as sample:
            for batch in rows:
                copy(batch)
        return batches * BATCH / sample.wall_seconds

    results = alternate(options.rounds, {"ours": ours, "limit": limit})
    report.add(
        f"live batches of {BATCH} ticks, with bars",
        unit="ticks/s",
        ours=results["ours"],
        limit=results["limit"],
        at_least=0.5,
    )


def _measure_price_file(report: Report, options: Options) -> None:
    with measured() as first:
        run = import_file(PRICES, instruments=INSTRUMENTS)
    report.notes.append(
        f"first import: {run.rows_read:,} read, {run.rows_written:,} written,"
        f" {run.rows_unchanged:,} unchanged, {run.rows_refused:,} refused"
        f" in {first.wall_seconds:.1f} s"
    )

    def ours() -> float:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE market_bar")
        with measured() as sample:
            import_file(PRICES, instruments=INSTRUMENTS)
        return run.rows_read / sample.wall_seconds

    def limit() -> float:
        with _bare_table(BAR_TYPES), measured() as sample:
            _copy_file(PRICES)
        return run.rows_read / sample.wall_seconds

    results = alternate(options.rounds, {"ours": ours, "limit": limit})
    report.add(
        f"{run.rows_read:,} rows of a price file, every check",
        unit="rows/s",
        ours=results["ours"],
        limit=results["limit"],
        at_least=0.15,
    )
    import_file(PRICES, instruments=INSTRUMENTS)
    again = partial(import_file, PRICES, instruments=INSTRUMENTS)
    with measured() as repeated:
        second = again()
    report.notes.append(
        f"again: {second.rows_written:,} written, {second.rows_unchanged:,} unchanged"
        f" in {repeated.wall_seconds:.1f} s"
    )


class _bare_table:  # noqa: N801 (used as a with statement)
    """A new table without keys; entering gives a function that copies rows and commits."""

    def __init__(self, types: Sequence[str]) -> None:
        self.types = types

    def __enter__(self) -> Callable[[Iterable[Sequence[Any]]], None]:
        columns = sql.SQL(", ").join(
            sql.SQL("c{} {}").format(sql.Literal(n), sql.SQL(kind))
            for n, kind in enumerate(self.types)
        )
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS bench_bare")
            cursor.execute(sql.SQL("CREATE TABLE bench_bare ({})").format(columns))
        return self._copy

    def __exit__(self, *error: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE bench_bare")

    def _copy(self, rows: Iterable[Sequence[Any]]) -> None:
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY bench_bare FROM STDIN (FORMAT binary)") as copy,
        ):
            copy.set_types(self.types)
            for row in rows:
                copy.write_row(row)


def _make_instruments() -> list[int]:
    exchange = Exchange.objects.create(
        mic="XNYS", name="New York", timezone="America/New_York", calendar="XNYS"
    )
    made = Instrument.objects.bulk_create(
        Instrument(symbol=f"B{n:03}", name=f"Bench {n}", exchange=exchange, currency="USD")
        for n in range(SYMBOLS)
    )
    return [instrument.id for instrument in made]


def _batch(ids: Sequence[int], at: datetime, numbers: random.Random) -> list[TickValue]:
    return [
        TickValue(
            instrument_id=numbers.choice(ids),
            occurred_at=at + timedelta(milliseconds=2 * n),
            provider_tick_id=f"{at:%H%M%S}-{n}",
            price=Decimal(numbers.randrange(9_900, 10_100)) / 100,
            size=Decimal(numbers.randrange(1, 400)),
            source="bench",
        )
        for n in range(BATCH)
    ]


def _row(tick: TickValue) -> tuple[Any, ...]:
    return (
        tick.instrument_id,
        tick.occurred_at,
        tick.provider_tick_id,
        tick.price,
        tick.size,
        tick.source,
    )


def _copy_file(path: Path) -> None:
    """Send the file's bytes as they are to a bare table; the database reads the CSV."""
    with (
        zipfile.ZipFile(path) as archive,
        archive.open(archive.namelist()[0]) as raw,
        connection.cursor() as cursor,
        cursor.copy("COPY bench_bare FROM STDIN (FORMAT csv, HEADER)") as copy,
    ):
        while chunk := raw.read(COPY_BYTES):
            copy.write(chunk)
