"""Position-days kept in step with the books and the prices: what changed is written, in sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from django.db import connection

from portfolio.bookkeeping.bulk import columns_of, execute, fetch_rows
from portfolio.models import Portfolio, PositionMonth, PositionValuation
from portfolio.position_days.columns import PositionColumns
from portfolio.position_days.copied_rows import HEADER, TRAILER
from portfolio.position_days.day_table import DayTable
from portfolio.position_days.instrument_days import InstrumentDays
from portfolio.position_days.month_rows import Month, MonthDivider, PositionRows
from portfolio.position_days.walk import copied, value_positions
from portfolio.valuations.reading import Prices

COLUMNS: Final = (
    *("portfolio_id", "instrument_id", "date", "quantity", "price", "rate", "market_value"),
    *("cost", "inflow", "outflow", "income", "charges", "trade_charges", "currency_effect"),
    "gap",
)
BATCH_BYTES: Final = 16_000_000  # of rows, so that they do not fill the memory
DIGESTS: Final = """
SELECT instrument_id, month, digest FROM portfolio_positionmonth
WHERE portfolio_id = %s AND month >= %s
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
    write = add_months if is_full else replace_months
    stored = stored_digests(portfolio, table.start)
    divider = MonthDivider(table)
    written: dict[Month, bytes] = {}
    parts: list[bytes] = []
    count, size = 0, 0
    for position in positions:
        months = divider.months(position)
        changed = [one for one in months if stored.pop(one.month, None) != one.digest]
        if not changed:
            continue
        rows = PositionRows(portfolio.id, table, position)
        for one in changed:
            written[one.month] = one.digest
            parts.append(rows.part(one.low, one.high))
            count, size = count + one.high - one.low, size + len(parts[-1])
        if size > BATCH_BYTES:
            write(portfolio, written, parts)
            written, parts, size = {}, [], 0
    write(portfolio, written, parts)
    forget_months(portfolio, stored)
    return count


def stored_digests(portfolio: Portfolio, start: date) -> dict[Month, bytes]:
    rows = fetch_rows(DIGESTS, [portfolio.id, start])
    return {Month(row[0], row[1]): bytes(row[2]) for row in rows}


def replace_months(
    portfolio: Portfolio, written: Mapping[Month, bytes], parts: Sequence[bytes]
) -> None:
    forget_months(portfolio, written)
    add_months(portfolio, written, parts)


def forget_months(portfolio: Portfolio, months: Collection[Month]) -> None:
    if months:
        columns = columns_of(months, width=2)
        execute(FORGET_DAYS, [*columns, portfolio.id])
        execute(FORGET_MONTHS, [*columns, portfolio.id])


def add_months(
    portfolio: Portfolio, written: Mapping[Month, bytes], parts: Sequence[bytes]
) -> None:
    """Of which nothing is stored; ``parts`` are their rows, see ``PositionRows``."""
    if not written:
        return
    copy_positions(parts)
    new = columns_of(((*month, digest) for month, digest in written.items()), width=3)
    execute(NOTE_MONTHS, [portfolio.id, *new])


def copy_positions(parts: Iterable[bytes]) -> None:
    """Append rows as ``PositionRows`` writes them."""
    into = f"portfolio_positionvaluation ({', '.join(COLUMNS)})"
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {into} FROM STDIN (FORMAT BINARY)") as copy,
    ):
        # At once, because the driver waits for the server after each.
        copy.write(b"".join((HEADER, *parts, TRAILER)))


def forget_positions(portfolio: Portfolio) -> None:
    PositionValuation.objects.filter(portfolio=portfolio).delete()
    PositionMonth.objects.filter(portfolio=portfolio).delete()
