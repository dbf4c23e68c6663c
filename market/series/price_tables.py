"""Bars and ticks as tables for files."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils import timezone

from accounts.table_files import (
    AMOUNT,
    COUNT,
    MOMENT,
    PRICE,
    TEXT,
    Column,
    Row,
    Table,
    read_sql,
)
from market.corporate_actions.adjustment import Adjustment
from market.corporate_actions.factors import factors_of
from market.models import Instrument, Tick
from market.series.bar_series import SeriesRange, series_query
from market.series.history import within
from market.values import Interval

BAR_COLUMNS: Final = (
    Column("opened_at", MOMENT),
    Column("open", PRICE),
    Column("high", PRICE),
    Column("low", PRICE),
    Column("close", PRICE),
    Column("volume", AMOUNT),
    Column("vwap", PRICE),
    Column("count", COUNT),
    Column("source", TEXT),
)
TICK_COLUMNS: Final = (
    Column("occurred_at", MOMENT),
    Column("price", PRICE),
    Column("size", AMOUNT),
    Column("source", TEXT),
)


def bar_table(
    instrument: Instrument,
    *,
    interval: Interval,
    start: datetime | None,
    end: datetime | None,
    adjusted: bool | Adjustment = False,
    limit: int | None = None,
    from_start: bool = True,
) -> Table:
    """Bars that open from ``start`` on and before ``end``, ascending.

    Of more than ``limit``, the oldest with a start that one is to go on from, else the newest.
    """
    query = series_query(
        instrument_id=instrument.id,
        timezone=instrument.exchange.timezone,
        interval=interval,
        wanted=SeriesRange(
            start=start,
            end=end,
            limit=limit or settings.LIMITS.download_rows,
            from_start=from_start and start is not None,
        ),
        factors=factors_of(instrument, Adjustment.of(adjusted), at=timezone.now()),
    )
    sql = f"""
        SELECT opened_at, open, high, low, close, volume,
               round(turnover / nullif(volume, 0), 8), "count", source
        FROM ({query.sql}) AS bar ORDER BY opened_at
    """
    return Table(
        name=f"{instrument.symbol}-{interval.value}",
        columns=BAR_COLUMNS,
        rows=lambda: read_sql(sql, query.parameters),
    )


def tick_table(
    instrument: Instrument,
    *,
    start: datetime | None,
    end: datetime | None,
    limit: int | None = None,
) -> Table:
    """Time and sales from ``start`` on and before ``end``, ascending; of too many the oldest."""
    ticks = Tick.objects.filter(instrument=instrument)
    ordered = (
        within(ticks, "occurred_at", start=start, end=end)
        .order_by("occurred_at", "provider_tick_id")
        .values_list("occurred_at", "price", "size", "source")[
            : limit or settings.LIMITS.download_rows
        ]
    )

    def rows() -> Iterable[Row]:
        return ordered.iterator(chunk_size=settings.LIMITS.download_batch_rows)

    return Table(name=f"{instrument.symbol}-ticks", columns=TICK_COLUMNS, rows=rows)
