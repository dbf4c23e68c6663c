"""Position-days kept in step with the books and the prices: what changed is written, in sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from itertools import chain
from struct import pack
from typing import Final

from django.db import connection
from psycopg.copy import QueuedLibpqWriter

from portfolio.bookkeeping.bulk import columns_of, execute, fetch_rows
from portfolio.models import Portfolio, PositionMonth, PositionValuation
from portfolio.position_days.columns import PositionColumns
from portfolio.position_days.copied_rows import HEADER, TRAILER
from portfolio.position_days.day_table import DayTable
from portfolio.position_days.instrument_days import InstrumentDays
from portfolio.position_days.month_rows import (
    Month,
    MonthDays,
    MonthDivider,
    MonthRows,
    PositionRows,
)
from portfolio.position_days.walk import copied, value_positions
from portfolio.valuations.reading import Prices

COLUMNS: Final = (
    *("portfolio_id", "instrument_id", "date", "quantity", "price", "rate", "market_value"),
    *("cost", "inflow", "outflow", "income", "charges", "trade_charges", "currency_effect"),
    "gap",
)
BATCH_BYTES: Final = 16_000_000  # of rows, so that they do not fill the memory
BLOCK_BYTES: Final = 1_000_000
DIGESTS: Final = """
SELECT month, digest FROM portfolio_positionmonth
WHERE portfolio_id = %s AND month >= %s AND instrument_id = %s
"""
# Of all months of an instrument together, in two lanes; see ``month_digests``.
WHOLE_DIGESTS: Final = """
SELECT instrument_id,
    bit_xor(('x' || encode(substr(digest, 1, 8), 'hex'))::bit(64)::bigint),
    bit_xor(('x' || encode(substr(digest, 9, 8), 'hex'))::bit(64)::bigint)
FROM portfolio_positionmonth WHERE portfolio_id = %s AND month >= %s GROUP BY instrument_id
"""
FORGET_DAYS: Final = """
DELETE FROM portfolio_positionvaluation AS d
USING unnest(%s::int[], %s::date[]) AS gone (instrument_id, month)
WHERE d.portfolio_id = %s AND d.instrument_id = gone.instrument_id
    AND d.date >= gone.month AND d.date < gone.month + interval '1 month'
"""
FORGET_MONTHS: Final = """
DELETE FROM portfolio_positionmonth AS m
USING unnest(%s::int[], %s::date[]) AS gone (instrument_id, month)
WHERE m.portfolio_id = %s AND m.instrument_id = gone.instrument_id AND m.month = gone.month
"""
NOTE_MONTHS: Final = """
INSERT INTO portfolio_positionmonth (portfolio_id, instrument_id, month, digest)
SELECT %s, instrument_id, month, digest
FROM unnest(%s::int[], %s::date[], %s::bytea[]) AS new (instrument_id, month, digest)
"""


def walked_lines(
    portfolio: Portfolio,
    moved: Mapping[int, InstrumentDays],
    prices: Prices,
    *,
    start: date,
    through: date,
) -> Iterator[tuple[int, str]]:
    """The position-days from ``start`` on by the plain walk, as COPY tells them, by instrument."""
    days = value_positions(moved, prices.market(), start=start, through=through)
    for day in days:
        yield day.instrument_id, copied(portfolio.id, day)


def keep_positions(
    portfolio: Portfolio,
    table: DayTable,
    positions: Iterable[PositionColumns],
    *,
    is_full: bool,
) -> int:
    """Write the months of a table that differ from what is stored of them.

    Args:
        table: begins with a month.
        positions: all of them.
        is_full: write everything, whatever the digests say.

    Returns:
        How many position-days were written.
    """
    if is_full:
        forget_positions(portfolio)
    stored = StoredDigests(portfolio, table.start)
    parts = changed_months(portfolio, table, positions, stored)
    if is_full:
        return add_months(portfolio, parts)
    count = 0
    for batch in batches_of(parts):
        forget_months(portfolio, [part.month for part in batch])
        count += add_months(portfolio, batch)
    forget_months(portfolio, stored.gone())
    return count


class StoredDigests:
    """What is stored of a portfolio's months from one on; of none, nothing more is asked."""

    def __init__(self, portfolio: Portfolio, start: date) -> None:
        self._asked = (portfolio.id, start)
        rows = fetch_rows(WHOLE_DIGESTS, self._asked)
        self._whole = {row[0]: pack(">qq", *row[1:]) for row in rows}
        self._gone: list[Month] = []

    def is_same(self, instrument_id: int, digest: bytes) -> bool:
        """Whether all months of an instrument are stored as they are; it is then not gone."""
        if self._whole.get(instrument_id) != digest:
            return False
        del self._whole[instrument_id]
        return True

    def changed(self, instrument_id: int, months: Iterable[MonthDays]) -> list[MonthDays]:
        """Those that are not as stored; of these what is stored elsewhere is gone."""
        is_stored = self._whole.pop(instrument_id, None) is not None
        known = self._months(instrument_id) if is_stored else {}
        changed = [one for one in months if known.pop(one.month, None) != one.digest]
        self._gone += known
        return changed

    def gone(self) -> list[Month]:
        """Once all positions were compared, the months that are stored and have nothing."""
        return [*self._gone, *(month for key in self._whole for month in self._months(key))]

    def _months(self, instrument_id: int) -> dict[Month, bytes]:
        rows = fetch_rows(DIGESTS, [*self._asked, instrument_id])
        return {Month(instrument_id, row[0]): bytes(row[1]) for row in rows}


def changed_months(
    portfolio: Portfolio,
    table: DayTable,
    positions: Iterable[PositionColumns],
    stored: StoredDigests,
) -> Iterator[MonthRows]:
    """The rows of the months that are not as stored."""
    divider = MonthDivider(table)
    for position in positions:
        months = divider.months(position)
        if stored.is_same(position.instrument_id, months.digest):
            continue
        changed = stored.changed(position.instrument_id, months)
        if changed:
            rows = PositionRows(portfolio.id, table, position)
            for one in changed:
                part = rows.part(one.low, one.high)
                yield MonthRows(one.month, one.digest, one.high - one.low, part)


def batches_of(parts: Iterable[MonthRows]) -> Iterator[list[MonthRows]]:
    batch: list[MonthRows] = []
    size = 0
    for part in parts:
        batch.append(part)
        size += len(part.rows)
        if size > BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def forget_months(portfolio: Portfolio, months: Collection[Month]) -> None:
    if months:
        columns = columns_of(months, width=2)
        execute(FORGET_DAYS, [*columns, portfolio.id])
        execute(FORGET_MONTHS, [*columns, portfolio.id])


def add_months(portfolio: Portfolio, parts: Iterable[MonthRows]) -> int:
    """Store months of which nothing is stored; return how many days they have."""
    written: list[tuple[int, date, bytes]] = []
    count = 0

    def told() -> Iterator[bytes]:
        nonlocal count
        for part in parts:
            written.append((*part.month, part.digest))
            count += part.days
            yield part.rows

    copy_positions(told())
    execute(NOTE_MONTHS, [portfolio.id, *columns_of(written, width=3)])
    return count


def copy_positions(parts: Iterable[bytes]) -> None:
    """Append rows as ``PositionRows`` writes them; the server takes some while others are made."""
    into = f"portfolio_positionvaluation ({', '.join(COLUMNS)})"
    with connection.wrap_database_errors, connection.cursor() as cursor:
        writer = QueuedLibpqWriter(cursor.cursor)
        with cursor.copy(f"COPY {into} FROM STDIN (FORMAT BINARY)", writer=writer) as copy:
            for block in blocks_of(chain((HEADER,), parts, (TRAILER,))):
                copy.write(block)


def blocks_of(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same in larger pieces, since each is a turn of two threads."""
    pieces: list[bytes] = []
    size = 0
    for part in parts:
        pieces.append(part)
        size += len(part)
        if size > BLOCK_BYTES:
            yield b"".join(pieces)
            pieces, size = [], 0
    yield b"".join(pieces)


def forget_positions(portfolio: Portfolio) -> None:
    PositionValuation.objects.filter(portfolio=portfolio).delete()
    PositionMonth.objects.filter(portfolio=portfolio).delete()
