"""Bars from outside into the table: what is new, what is the same, what corrects something.

History is immutable: a bar that a provider corrects is first kept as a ``BarRevision``. Real
prices supersede simulated ones, never the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from market.intake.copying import copy_rows, make_temporary_table
from market.models import Bar
from market.signals import daily_bars_changed

SIMULATED: Final = "simulated"
DAILY_BARS_LOCK: Final = 7_310_001  # advisory; held by whoever writes daily bars in bulk

ARRIVAL_COLUMNS: Final = {
    "instrument_id": "int4",
    "interval": "varchar(3)",
    "opened_at": "timestamptz",
    "open": "numeric(20,8)",
    "high": "numeric(20,8)",
    "low": "numeric(20,8)",
    "close": "numeric(20,8)",
    "volume": "numeric(28,10)",
    "turnover": "numeric(38,10)",
    "count": "int4",
    "adjusted_close": "numeric(20,8)",
}


# A stored bar as its revision keeps it; numbers as texts, so that no digit is lost.
BAR_AS_JSON: Final = """jsonb_build_object(
            'open', trim_scale(stored.open)::text, 'high', trim_scale(stored.high)::text,
            'low', trim_scale(stored.low)::text, 'close', trim_scale(stored.close)::text,
            'adjusted_close', trim_scale(stored.adjusted_close)::text,
            'volume', trim_scale(stored.volume)::text,
            'turnover', trim_scale(stored.turnover)::text,
            'count', stored."count", 'source', stored.source)"""

FIRST_DATES: Final = """
    SELECT first.instrument_id, (first.at AT TIME ZONE exchange.timezone)::date
    FROM (SELECT instrument_id, min(opened_at) AS at FROM ({}) AS arrival
          WHERE "interval" = '1d' GROUP BY instrument_id) AS first
    JOIN market_instrument AS instrument ON instrument.id = first.instrument_id
    JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
"""


class BarRow(NamedTuple):
    """One bar to store; prices in the instrument's currency, volume in units.

    ``interval`` is one of ``StoredInterval``. Whoever stores minutes of closed buckets stores the
    longer bars too: these are rolled up from ticks alone.
    """

    instrument_id: int
    interval: str
    opened_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    turnover: Decimal | None = None  # sum of price × size
    count: int | None = None  # type: ignore[assignment] # ticks inside; nobody calls tuple.count
    adjusted_close: Decimal | None = None


@dataclass(frozen=True, slots=True)
class StoredBars:
    """What became of the bars given."""

    added: int
    superseded: int  # corrected; the earlier values are kept as revisions
    unchanged: int  # already there, or there from a better source

    @property
    def written(self) -> int:
        return self.added + self.superseded


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A relation with the columns of a bar, and the parameters in its SQL."""

    sql: str
    parameters: Sequence[Any] = ()
    # Nobody else can add such bars meanwhile, so that each need not be probed for again.
    is_exclusive: bool = False
    count: int | None = None  # how many, where that is known
    # SQL for each instrument with its earliest day, where days are known without their moments.
    first_dates: str = ""


@transaction.atomic
def store_bars(
    bars: Iterable[BarRow],
    *,
    source: str,
    recorded_at: datetime,
    run_id: UUID | None = None,
    supersede: bool = True,
) -> StoredBars:
    """Add bars of one source; the same bars again add nothing.

    With ``supersede`` a bar with other values replaces the stored one, unless that is real and
    this simulated; without, what is stored stays.

    Raises:
        django.db.IntegrityError: a bar's low or high does not enclose its open and close.
    """
    with connection.cursor() as cursor:
        lock_daily_bars(cursor)
        make_temporary_table(cursor, "bar_arrival", ARRIVAL_COLUMNS)
        copy_rows(cursor, "bar_arrival", ARRIVAL_COLUMNS, bars)
        cursor.execute("ANALYZE bar_arrival")
        return write_arrivals(
            cursor,
            Arrivals("SELECT * FROM bar_arrival"),
            source=source,
            recorded_at=recorded_at,
            run_id=run_id,
            supersede=supersede,
        )


def lock_daily_bars(cursor: CursorWrapper) -> None:
    """Wait for other bulk writers of daily bars, until the end of the transaction."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [DAILY_BARS_LOCK])


@contextmanager
def joins_of_sets(cursor: CursorWrapper) -> Iterator[None]:
    """Keep the planner from looking rows up one by one. Needs a transaction.

    It knows nothing yet of tables filled a moment ago, takes them for small, and was seen to turn
    one second into eight minutes.
    """
    cursor.execute("SET LOCAL enable_nestloop = off")
    yield
    # Not in a finally: after an error nothing can be set, and the roll-back restores it.
    cursor.execute("SET LOCAL enable_nestloop = on")


def write_arrivals(
    cursor: CursorWrapper,
    arrivals: Arrivals,
    *,
    source: str,
    recorded_at: datetime,
    run_id: UUID | None,
    supersede: bool = True,
) -> StoredBars:
    """Compare with what is stored, keep what is superseded, write. Needs a transaction."""
    added = 0
    with joins_of_sets(cursor):
        known, changed = _compare(cursor, arrivals, source=source)
        if supersede and changed:
            _keep_revisions(cursor, recorded_at=recorded_at, run_id=run_id)
            _supersede(cursor, source=source)
        if known != arrivals.count:
            added = _add(cursor, arrivals, source=source, some_are_known=known > 0)
    superseded = changed if supersede else 0
    if added or superseded:
        tell_first_dates(cursor, arrivals)
    return StoredBars(added=added, superseded=superseded, unchanged=known - superseded)


def tell_first_dates(cursor: CursorWrapper, arrivals: Arrivals) -> None:
    """Send ``daily_bars_changed``; bars that were known count too, which only costs a look."""
    cursor.execute(arrivals.first_dates or FIRST_DATES.format(arrivals.sql), arrivals.parameters)
    if first_dates := dict(cursor.fetchall()):
        daily_bars_changed.send(sender=Bar, first_dates=first_dates)


def _compare(cursor: CursorWrapper, arrivals: Arrivals, *, source: str) -> tuple[int, int]:
    """List the bars that are stored already; return how many, and how many of them differ."""
    cursor.execute("DROP TABLE IF EXISTS pg_temp.bar_known")
    cursor.execute(
        f"""
        CREATE TEMPORARY TABLE bar_known ON COMMIT DROP AS
        -- Put together first: were the stored bars joined before the arrivals have their moments,
        -- each would be compared with every bar of its instrument.
        WITH arrival AS MATERIALIZED ({arrivals.sql})
        SELECT arrival.*,
               CASE WHEN %s = '{SIMULATED}' THEN stored.source = '{SIMULATED}' ELSE TRUE END
               AND (
                   (stored.source = '{SIMULATED}' AND %s <> '{SIMULATED}')
                   OR (stored.open, stored.high, stored.low, stored.close, stored.volume)
                      <> (arrival.open, arrival.high, arrival.low, arrival.close, arrival.volume)
                   OR stored.adjusted_close
                      IS DISTINCT FROM coalesce(arrival.adjusted_close, stored.adjusted_close)
               ) AS is_changed
        FROM arrival JOIN market_bar AS stored USING (instrument_id, "interval", opened_at)
        """,
        [*arrivals.parameters, source, source],
    )
    cursor.execute("SELECT count(*), count(*) FILTER (WHERE is_changed) FROM bar_known")
    known, changed = cursor.fetchone() or (0, 0)
    return known, changed


def _keep_revisions(cursor: CursorWrapper, *, recorded_at: datetime, run_id: UUID | None) -> None:
    cursor.execute(
        f"""
        WITH superseded AS MATERIALIZED (
            SELECT stored.* FROM market_bar AS stored
            JOIN bar_known AS known USING (instrument_id, "interval", opened_at)
            WHERE known.is_changed
            FOR UPDATE OF stored
        )
        INSERT INTO market_barrevision
            (instrument_id, "interval", opened_at, superseded_at, run_id, bar)
        SELECT instrument_id, "interval", opened_at, %s, %s, {BAR_AS_JSON}
        FROM superseded AS stored
        """,
        [recorded_at, run_id],
    )


def _supersede(cursor: CursorWrapper, *, source: str) -> None:
    cursor.execute(
        """
        UPDATE market_bar AS stored
        SET open = known.open, high = known.high, low = known.low, close = known.close,
            adjusted_close = coalesce(known.adjusted_close, stored.adjusted_close),
            volume = known.volume, turnover = known.turnover, "count" = known."count",
            source = %s, first_tick_at = NULL, first_tick_id = NULL,
            last_tick_at = NULL, last_tick_id = NULL
        FROM bar_known AS known
        WHERE known.is_changed AND stored.instrument_id = known.instrument_id
          AND stored."interval" = known."interval" AND stored.opened_at = known.opened_at
        """,
        [source],
    )


def _add(cursor: CursorWrapper, arrivals: Arrivals, *, source: str, some_are_known: bool) -> int:
    is_unknown = """
        WHERE NOT EXISTS (
            SELECT FROM bar_known AS known
            WHERE known.instrument_id = arrival.instrument_id
              AND known."interval" = arrival."interval" AND known.opened_at = arrival.opened_at
        )"""
    # In the order of the key, so that the index grows at its edges instead of all over.
    cursor.execute(
        f"""
        INSERT INTO market_bar (instrument_id, "interval", opened_at, open, high, low, close,
                                volume, turnover, "count", adjusted_close, source)
        SELECT instrument_id, "interval", opened_at, open, high, low, close,
               volume, turnover, "count", adjusted_close, %s
        FROM ({arrivals.sql}) AS arrival
        {is_unknown if some_are_known else ""}
        ORDER BY instrument_id, "interval", opened_at
        {"" if arrivals.is_exclusive else "ON CONFLICT DO NOTHING"}
        """,
        [source, *arrivals.parameters],
    )
    return int(cursor.rowcount)
