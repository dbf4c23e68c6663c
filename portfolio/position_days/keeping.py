"""Position-days kept in step with the books and the prices: what changed is written, in sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from hashlib import blake2b
from itertools import groupby
from typing import Final

from django.db import connection

from portfolio.bookkeeping.bulk import columns_of, execute, fetch_rows
from portfolio.models import Portfolio, PositionMonth, PositionValuation
from portfolio.position_days.changes import read_position_changes
from portfolio.position_days.day_table import DayTable
from portfolio.position_days.lines import LineWriter, Month
from portfolio.position_days.vectors import Worths
from portfolio.position_days.walk import PositionDay, copied, value_positions
from portfolio.valuations.reading import Prices
from portfolio.valuations.valuing import DayChange

COLUMNS: Final = (
    *("portfolio_id", "instrument_id", "date", "quantity", "price", "rate", "market_value"),
    *("cost", "inflow", "outflow", "income", "charges", "trade_charges", "currency_effect"),
    "gap",
)
DIGEST_BYTES: Final = 16
BATCH_BYTES: Final = 16_000_000  # of lines, so that they do not fill the memory
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
    changes: Mapping[date, DayChange],
    prices: Prices,
    *,
    start: date,
    through: date,
) -> Iterator[tuple[Month, list[str]]]:
    """The position-days from ``start`` on as COPY stores them, by the plain walk."""
    moved = read_position_changes(portfolio, changes, prices.worth, start=start, end=through)
    days = value_positions(moved, prices.market(), start=start, through=through)
    for month, of_month in groupby(days, key=month_of):
        yield month, [copied(portfolio.id, day) for day in of_month]


def month_of(day: PositionDay) -> Month:
    return Month(day.instrument_id, day.date.replace(day=1))


def computed_lines(
    portfolio: Portfolio,
    changes: Mapping[date, DayChange],
    table: DayTable,
    worths: Mapping[int, Worths],
) -> Iterator[tuple[Month, list[str]]]:
    """The same lines from arrays, of all days of a table."""
    moved = read_position_changes(portfolio, changes, table.worth, start=table.start, end=table.end)
    return LineWriter(portfolio.id, table).lines(worths, moved)


def keep_positions(
    portfolio: Portfolio,
    lines: Iterable[tuple[Month, list[str]]],
    *,
    start: date,
    is_full: bool,
) -> int:
    """Write the months from that of ``start`` on that differ from what is stored of them.

    Args:
        lines: of all of them, those of a month together.
        start: the first day of a month.
        is_full: write everything, whatever the digests say.

    Returns:
        How many position-days were written.
    """
    if is_full:
        forget_positions(portfolio)
    stored = stored_digests(portfolio, start)
    written: dict[Month, bytes] = {}
    texts: list[bytes] = []
    count, size = 0, 0
    for month, rows in lines:
        text = ("\n".join(rows) + "\n").encode()
        digest = blake2b(text, digest_size=DIGEST_BYTES).digest()
        if stored.pop(month, None) == digest:
            continue
        written[month] = digest
        texts.append(text)
        count, size = count + len(rows), size + len(text)
        if size > BATCH_BYTES:
            replace_months(portfolio, written, texts)
            written, texts, size = {}, [], 0
    replace_months(portfolio, written, texts, gone=stored)
    return count


def stored_digests(portfolio: Portfolio, start: date) -> dict[Month, bytes]:
    rows = fetch_rows(DIGESTS, [portfolio.id, start])
    return {Month(row[0], row[1]): bytes(row[2]) for row in rows}


def replace_months(
    portfolio: Portfolio,
    written: Mapping[Month, bytes],
    texts: Iterable[bytes],
    *,
    gone: Iterable[Month] = (),
) -> None:
    """``gone`` are months of which nothing is left; those that stay as they are are in neither."""
    months = [*written, *gone]
    if not months:
        return
    columns = columns_of(months, width=2)
    execute(FORGET_DAYS, [*columns, portfolio.id])
    execute(FORGET_MONTHS, [*columns, portfolio.id])
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY portfolio_positionvaluation ({', '.join(COLUMNS)}) FROM STDIN") as copy,
    ):
        for text in texts:
            copy.write(text)
    new = columns_of(((*month, digest) for month, digest in written.items()), width=3)
    execute(NOTE_MONTHS, [portfolio.id, *new])


def forget_positions(portfolio: Portfolio) -> None:
    PositionValuation.objects.filter(portfolio=portfolio).delete()
    PositionMonth.objects.filter(portfolio=portfolio).delete()
