"""Activities as a table for files: a row each, with the facts that the list shows.

See also: ``portfolio.takeout.tables``, whose activities another desk can read in.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from django.conf import settings
from django.db.models import QuerySet

from accounts.table_files import AMOUNT, MOMENT, PRICE, TEXT, TRUTH, Column, Row, Table
from portfolio.bookkeeping.journal import EntryRow, entry_rows
from portfolio.models import JournalEntry, Portfolio

# Each is named as the fact of an ``EntryRow`` that stands in it.
COLUMNS: Final = (
    Column("id", TEXT),
    Column("kind", TEXT),
    Column("occurred_at", MOMENT),
    Column("recorded_at", MOMENT),
    Column("symbol", TEXT),
    Column("quantity", AMOUNT),
    Column("unit_price", PRICE),
    Column("amount", AMOUNT),
    Column("fees", AMOUNT),
    Column("taxes", AMOUNT),
    Column("currency", TEXT),
    Column("exchange_rate", AMOUNT),
    Column("external_id", TEXT),
    Column("note", TEXT),
    Column("ratio_from", AMOUNT),
    Column("ratio_to", AMOUNT),
    Column("from_symbol", TEXT),
    Column("cost_share", AMOUNT),
    Column("found_quantity", AMOUNT),
    Column("missing_quantity", AMOUNT),
    Column("is_reversed", TRUTH),
)


def activity_table(portfolio: Portfolio, found: QuerySet[JournalEntry, JournalEntry]) -> Table:
    """Those activities, oldest first; of too many the oldest."""
    ordered = found.order_by("occurred_at", "id")[: settings.LIMITS.download_rows]

    def rows() -> Iterator[Row]:
        at_once = settings.LIMITS.download_batch_rows
        entries = ordered.iterator(chunk_size=at_once)
        while batch := list(islice(entries, at_once)):
            yield from map(table_row, entry_rows(batch))

    return Table(name=f"activities-{portfolio.id}", columns=COLUMNS, rows=rows)


def table_row(row: EntryRow) -> Row:
    return [str(row.id), *(getattr(row, column.name) for column in COLUMNS[1:])]
