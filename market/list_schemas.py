"""Watchlists and price imports as programs send and get them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts.schemas import SchemaIn, SchemaOut
from market.models import IngestionRun, QuarantinedRow, Watchlist, WatchlistItem
from market.models.watchlists import NOTE_CHARACTERS
from market.schemas import SYMBOLS_AT_ONCE, QuoteOut, Symbol
from market.watchlists import SymbolOutcome


class WatchlistIn(SchemaIn):
    name: str

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Tech"}})


class WatchlistItemOut(SchemaOut):
    """An instrument on a list; `position` counts from 0."""

    symbol: str
    exchange: str
    position: int
    note: str
    added_at: datetime

    @classmethod
    def from_item(cls, item: WatchlistItem, position: int | None = None) -> Self:
        return cls(
            symbol=item.instrument.symbol,
            exchange=item.instrument.exchange_id,
            position=item.position if position is None else position,
            note=item.note,
            added_at=item.added_at,
        )


class WatchlistItemPatch(SchemaIn):
    """What is left out stays. A position beyond the end is the end; an empty note is none."""

    position: Annotated[int, Field(ge=0)] | None = None
    note: Annotated[str, Field(max_length=NOTE_CHARACTERS)] | None = None

    model_config = ConfigDict(
        json_schema_extra={"example": {"position": 0, "note": "Reports on Thursday"}}
    )


class WatchlistOut(SchemaOut):
    """`symbols` and `items` stand in the list's order; ambiguous `symbols` name the exchange."""

    id: UUID
    name: str
    symbols: list[str]
    items: list[WatchlistItemOut]
    created_at: datetime

    @classmethod
    def from_watchlist(
        cls, watchlist: Watchlist, items: Iterable[WatchlistItem], addresses: Mapping[int, str]
    ) -> Self:
        """``addresses`` of the instruments by id."""
        listed = list(items)
        return cls(
            id=watchlist.id,
            name=watchlist.name,
            symbols=[addresses[item.instrument_id] for item in listed],
            # Removals leave gaps in what is stored; the place is what is meant.
            items=[WatchlistItemOut.from_item(it, place) for place, it in enumerate(listed)],
            created_at=watchlist.created_at,
        )


class WatchlistList(SchemaOut):
    items: list[WatchlistOut]
    next_cursor: str | None


class MoverList(SchemaOut):
    """Quotes, the widest change in percent first, up or down."""

    items: list[QuoteOut]
    next_cursor: None = None


class SymbolsIn(SchemaIn):
    symbols: Annotated[list[Symbol], Field(min_length=1, max_length=SYMBOLS_AT_ONCE)]

    model_config = ConfigDict(json_schema_extra={"example": {"symbols": ["AAPL", "MSFT"]}})


class OutcomeOut(SchemaOut):
    symbol: str
    outcome: str

    @classmethod
    def from_outcome(cls, found: SymbolOutcome) -> Self:
        return cls(symbol=found.symbol, outcome=found.outcome)


class OutcomeList(SchemaOut):
    """One for each symbol, in the order sent."""

    items: list[OutcomeOut]
    next_cursor: None = None


class RefusalOut(SchemaOut):
    line: int
    code: str
    message: str

    @classmethod
    def from_row(cls, row: QuarantinedRow) -> Self:
        return cls(line=row.line, code=row.code, message=row.message)


# What a run notes of a file, known when it is completed.
NOTED: Final = ("rows_without_volume", "rows_repeated", "bars_superseded")


class PriceImportOut(SchemaOut):
    """A run of reading prices in; ask again until `finished_at` is set."""

    id: UUID
    status: str
    source_name: str
    rows_total: int | None
    rows_read: int
    rows_written: int
    rows_unchanged: int
    rows_refused: int
    rows_without_volume: Annotated[
        int, Field(description="of those read; volume 0 refuses none")
    ] = 0
    rows_repeated: Annotated[int, Field(description="of the unchanged: in the file twice")] = 0
    bars_superseded: Annotated[int, Field(description="of the written: corrected others")] = 0
    error: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    refusals: Annotated[list[RefusalOut], Field(description="the first 100, by line")]

    @classmethod
    def from_run(cls, run: IngestionRun, refusals: Iterable[QuarantinedRow] = ()) -> Self:
        return cls(
            id=run.id,
            status=run.status,
            source_name=run.source_name,
            rows_total=run.rows_total,
            rows_read=run.rows_read,
            rows_written=run.rows_written,
            rows_unchanged=run.rows_unchanged,
            rows_refused=run.rows_refused,
            **{name: run.notes.get(name, 0) for name in NOTED},
            error=run.error,
            created_at=run.created_at,
            started_at=run.started_at,
            finished_at=run.finished_at,
            refusals=[RefusalOut.from_row(row) for row in refusals],
        )
