"""The journal as a table for files: a row for each posting, with its entry's facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from django.conf import settings
from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, NullIf

from accounts.table_files import AMOUNT, MOMENT, PRICE, TEXT, Column, Row, Table
from portfolio.models import JournalEntry, Portfolio, Posting

COLUMNS: Final = (
    Column("entry_id", TEXT),
    Column("kind", TEXT),
    Column("occurred_at", MOMENT),
    Column("recorded_at", MOMENT),
    Column("external_id", TEXT),
    Column("symbol", TEXT),
    Column("quantity", AMOUNT),
    Column("unit_price", PRICE),
    Column("note", TEXT),
    Column("reverses_id", TEXT),
    Column("account_kind", TEXT),
    Column("commodity", TEXT),
    Column("amount", AMOUNT),
)


# For the journal of several portfolios.
BOOKS_COLUMNS: Final = (Column("portfolio_id", TEXT), *COLUMNS)


def journal_table(portfolio: Portfolio, found: QuerySet[JournalEntry, JournalEntry]) -> Table:
    """The postings of those entries, oldest first.

    ``amount`` is in units of ``commodity``, a currency or a symbol.
    """
    postings = Posting.objects.filter(entry__in=found)
    table = posting_table(
        postings, name=f"journal-{portfolio.id}", limit=settings.LIMITS.download_rows
    )
    return replace(table, columns=COLUMNS, rows=lambda: (row[1:] for row in table.rows()))


def posting_table(postings: QuerySet[Posting], *, name: str, limit: int) -> Table:
    """Those postings, with the portfolio of each first; by time, of too many the oldest."""
    commodity = Coalesce(
        NullIf(F("ledger_account__currency"), Value("")),
        F("ledger_account__instrument__symbol"),
        output_field=CharField(),
    )
    ordered = postings.order_by("entry__occurred_at", "entry_id", "id").values_list(
        Cast("entry__portfolio_id", CharField()),
        Cast("entry_id", CharField()),
        "entry__kind",
        "entry__occurred_at",
        "entry__recorded_at",
        "entry__external_id",
        "entry__instrument__symbol",
        "entry__quantity",
        "entry__unit_price",
        "entry__note",
        Cast("entry__reverses_id", CharField()),
        "ledger_account__kind",
        commodity,
        "amount",
    )[:limit]

    def rows() -> Iterable[Row]:
        return ordered.iterator(chunk_size=settings.LIMITS.download_batch_rows)

    return Table(name=name, columns=BOOKS_COLUMNS, rows=rows)
