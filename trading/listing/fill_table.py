"""Fills as a table for files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.db.models import CharField, QuerySet
from django.db.models.functions import Cast

from accounts.table_files import AMOUNT, DAY, MOMENT, PRICE, TEXT, Column, Row, Table
from trading.models import Fill

COLUMNS: Final = (
    Column("id", TEXT),
    Column("order_id", TEXT),
    Column("portfolio_id", TEXT),
    Column("symbol", TEXT),
    Column("side", TEXT),
    Column("quantity", AMOUNT),
    Column("price", PRICE),
    Column("commission", AMOUNT),
    Column("counterparty", TEXT),
    Column("executed_at", MOMENT),
    Column("trade_date", DAY),
    Column("settlement_date", DAY),
)


def fill_table(fills: QuerySet[Fill], *, limit: int | None = None) -> Table:
    """Those fills, oldest first; of too many the oldest."""
    ordered = fills.order_by("executed_at", "id").values_list(
        Cast("id", CharField()),
        Cast("order_id", CharField()),
        Cast("portfolio_id", CharField()),
        "instrument__symbol",
        *("side", "quantity", "price", "commission", "counterparty"),
        *("executed_at", "trade_date", "settlement_date"),
    )[: limit or settings.LIMITS.download_rows]

    def rows() -> Iterable[Row]:
        return ordered.iterator(chunk_size=settings.LIMITS.download_batch_rows)

    return Table(name="fills", columns=COLUMNS, rows=rows)
