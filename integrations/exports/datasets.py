"""What each dataset holds: its columns, how it is dealt out over files, and its rows.

Rows come as the lists of the same name give them, from cursors of the server's. Days are UTC's,
save those of bars of a day and longer, which are the exchange's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.conf import settings

from accounts.table_files import TEXT, Column, Row, Table
from integrations.exports.parts import Length, Part, parts
from integrations.models.exports import Dataset, Export
from market import queries
from market.calendar import local_midnight
from market.models import Instrument
from market.series.price_tables import BAR_COLUMNS, TICK_COLUMNS, bar_table, tick_table
from market.values import Interval
from portfolio.bookkeeping.journal_table import BOOKS_COLUMNS, posting_table
from portfolio.models import Posting
from portfolio.position_days.position_table import COLUMNS as POSITION_COLUMNS
from portfolio.position_days.position_table import position_table
from portfolio.valuations.valuation_table import COLUMNS as VALUATION_COLUMNS
from portfolio.valuations.valuation_table import valuation_table
from trading.listing.fill_table import COLUMNS as FILL_COLUMNS
from trading.listing.fill_table import fill_table
from trading.models import Fill

UTC: Final = "UTC"
OF_INSTRUMENT: Final = (Column("exchange", TEXT), Column("symbol", TEXT))
COLUMNS: Final[dict[Dataset, Sequence[Column]]] = {
    Dataset.TICKS: (*OF_INSTRUMENT, *TICK_COLUMNS),
    Dataset.BARS: (*OF_INSTRUMENT, *BAR_COLUMNS),
    Dataset.FILLS: FILL_COLUMNS,
    Dataset.JOURNAL: BOOKS_COLUMNS,
    Dataset.VALUATIONS: VALUATION_COLUMNS,
    Dataset.POSITIONS: POSITION_COLUMNS,
}
# Of bars it depends on their length.
LENGTHS: Final[dict[Dataset, Length]] = {
    Dataset.TICKS: Length.DAY,
    Dataset.FILLS: Length.MONTH,
    Dataset.JOURNAL: Length.MONTH,
    Dataset.VALUATIONS: Length.YEAR,
    Dataset.POSITIONS: Length.YEAR,
}


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment on and before another."""

    start: datetime
    end: datetime


def columns_of(dataset: str) -> list[str]:
    return [column.name for column in COLUMNS[Dataset(dataset)]]


def length_of(dataset: str, interval: str) -> Length:
    """How many days of what somebody asked for go into one file."""
    if dataset == Dataset.BARS:
        return Length.MONTH if Interval(interval).is_intraday else Length.YEAR
    return LENGTHS[Dataset(dataset)]


def parts_of(export: Export) -> list[Part]:
    """A night is one file; its folder names the day."""
    is_nightly = export.owner_id is None
    length = Length.DAY if is_nightly else length_of(export.dataset, export.interval)
    return list(parts(export.start, export.end, length))


def path_of(export: Export, part: Part) -> str:
    """Where a part's file is within the export's folder."""
    interval = f"interval={export.interval}/" if export.interval else ""
    return f"{export.dataset}/{interval}{part.folder}/{export.dataset}.parquet"


def table_of(export: Export, part: Part) -> Table:
    table = TABLES[Dataset(export.dataset)](export, part)
    return only(table, export.columns) if export.columns else table


def price_table(export: Export, part: Part) -> Table:
    """Instrument by instrument, by exchange and symbol, each ascending in time."""

    def rows() -> Iterator[Row]:
        for instrument in instruments_of(export):
            for row in series_of(export, part, instrument).rows():
                yield (instrument.exchange_id, instrument.symbol, *row)

    return Table(name=export.dataset, columns=COLUMNS[Dataset(export.dataset)], rows=rows)


def instruments_of(export: Export) -> Iterable[Instrument]:
    if export.symbols:
        found = queries.instruments_by_addresses(export.symbols).values()
        return sorted(found, key=lambda one: (one.exchange_id, one.symbol))
    everything = Instrument.objects.select_related("exchange").order_by("exchange_id", "symbol")
    return everything.iterator(chunk_size=settings.LIMITS.download_batch_rows)


def series_of(export: Export, part: Part, instrument: Instrument) -> Table:
    most = settings.LIMITS.export_rows + 1
    if export.dataset == Dataset.TICKS:
        span = moments(part)
        return tick_table(instrument, start=span.start, end=span.end, limit=most)
    interval = Interval(export.interval)
    span = moments(part, UTC if interval.is_intraday else instrument.exchange.timezone)
    return bar_table(instrument, interval=interval, start=span.start, end=span.end)


def moments(part: Part, timezone: str = UTC) -> Span:
    return Span(local_midnight(part.start, timezone), local_midnight(part.end, timezone))


def fills(export: Export, part: Part) -> Table:
    span = moments(part)
    found = Fill.objects.filter(executed_at__gte=span.start, executed_at__lt=span.end)
    if export.portfolio_id is not None:
        found = found.filter(portfolio_id=export.portfolio_id)
    return fill_table(found, limit=settings.LIMITS.export_rows + 1)


def journal(export: Export, part: Part) -> Table:
    """What happened in those days; of a night, what was recorded, so that it never changes."""
    span = moments(part)
    if export.portfolio_id is None:
        found = Posting.objects.filter(
            entry__recorded_at__gte=span.start, entry__recorded_at__lt=span.end
        )
    else:
        found = Posting.objects.filter(
            entry__portfolio_id=export.portfolio_id,
            entry__occurred_at__gte=span.start,
            entry__occurred_at__lt=span.end,
        )
    return posting_table(found, name="journal", limit=settings.LIMITS.export_rows + 1)


def valuations(export: Export, part: Part) -> Table:
    return valuation_table(start=part.start, end=part.end, portfolio_id=export.portfolio_id)


def positions(export: Export, part: Part) -> Table:
    return position_table(start=part.start, end=part.end, portfolio_id=export.portfolio_id)


TABLES: Final[dict[Dataset, Callable[[Export, Part], Table]]] = {
    Dataset.TICKS: price_table,
    Dataset.BARS: price_table,
    Dataset.FILLS: fills,
    Dataset.JOURNAL: journal,
    Dataset.VALUATIONS: valuations,
    Dataset.POSITIONS: positions,
}


def only(table: Table, names: Sequence[str]) -> Table:
    """Some columns of a table, in its own order."""
    places = [place for place, column in enumerate(table.columns) if column.name in names]
    return replace(
        table,
        columns=[table.columns[place] for place in places],
        rows=lambda: ([row[place] for place in places] for row in table.rows()),
    )
