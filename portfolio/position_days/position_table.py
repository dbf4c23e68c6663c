"""Position-days as a table for files."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import CharField
from django.db.models.functions import Cast

from accounts.table_files import AMOUNT, DAY, RATE, TEXT, Column, Row, Table
from portfolio.models import PositionValuation

COLUMNS: Final = (
    Column("portfolio_id", TEXT),
    Column("date", DAY),
    Column("exchange", TEXT),
    Column("symbol", TEXT),
    Column("currency", TEXT),
    Column("quantity", AMOUNT),
    Column("price", AMOUNT),
    Column("rate", RATE),
    Column("market_value", AMOUNT),
    Column("cost", AMOUNT),
    Column("inflow", AMOUNT),
    Column("outflow", AMOUNT),
    Column("income", AMOUNT),
    Column("charges", AMOUNT),
    Column("trade_charges", AMOUNT),
    Column("currency_effect", AMOUNT),
    Column("gap", TEXT),
)


def position_table(*, start: date, end: date, portfolio_id: UUID | None) -> Table:
    """Stored position-days from ``start`` on and before ``end``, of one portfolio or of all.

    ``price`` is in the instrument's currency, all other money in ``currency``, the portfolio's.
    Instrument by instrument, ascending by day.
    """
    days = PositionValuation.objects.filter(date__gte=start, date__lt=end)
    if portfolio_id is not None:
        days = days.filter(portfolio_id=portfolio_id)
    ordered = days.order_by("portfolio_id", "instrument_id", "date").values_list(
        Cast("portfolio_id", CharField()),
        *("date", "instrument__exchange_id", "instrument__symbol", "portfolio__currency"),
        *(column.name for column in COLUMNS[5:]),
    )

    def rows() -> Iterable[Row]:
        return ordered.iterator(chunk_size=settings.LIMITS.download_batch_rows)

    return Table(name="positions", columns=COLUMNS, rows=rows)
