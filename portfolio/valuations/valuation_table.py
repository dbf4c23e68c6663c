"""Daily valuations as a table for files."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import CharField, F
from django.db.models.functions import Cast

from accounts.table_files import AMOUNT, DAY, TEXT, Column, Row, Table
from portfolio.models import DailyValuation

COLUMNS: Final = (
    Column("portfolio_id", TEXT),
    Column("date", DAY),
    Column("currency", TEXT),
    Column("cash", AMOUNT),
    Column("market_value", AMOUNT),
    Column("total_value", AMOUNT),
    Column("cost", AMOUNT),
    Column("net_flow", AMOUNT),
    Column("inflow", AMOUNT),
    Column("outflow", AMOUNT),
    Column("carried_gain", AMOUNT),
    Column("income", AMOUNT),
    Column("fees", AMOUNT),
    Column("taxes", AMOUNT),
    Column("trade_fees", AMOUNT),
    Column("trade_taxes", AMOUNT),
    Column("currency_effect", AMOUNT),
    Column("cash_effect", AMOUNT),
    Column("gap", TEXT),
)


def valuation_table(*, start: date, end: date, portfolio_id: UUID | None) -> Table:
    """Stored portfolio-days from ``start`` on and before ``end``, of one portfolio or of all.

    In the portfolio's currency; ascending by day.
    """
    days = DailyValuation.objects.filter(date__gte=start, date__lt=end)
    if portfolio_id is not None:
        days = days.filter(portfolio_id=portfolio_id)
    ordered = days.order_by(
        "date", "portfolio_id"
    ).values_list(
        Cast("portfolio_id", CharField()),
        "date",
        "portfolio__currency",
        "cash",
        "market_value",
        F("cash") + F("market_value"),  # null where either is
        *(column.name for column in COLUMNS[6:]),
    )

    def rows() -> Iterable[Row]:
        return ordered.iterator(chunk_size=settings.LIMITS.download_batch_rows)

    return Table(name="valuations", columns=COLUMNS, rows=rows)
