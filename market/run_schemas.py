"""Runs that took prices in, and how old prices are, as programs get them."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field

from accounts.schemas import PageIn, SchemaOut
from market.models import IngestionRun
from market.models.prices import RunStatus
from market.operations.feed_rows import FeedRow
from market.values import plain_or_none


class RunsWanted(PageIn):
    provider: Annotated[
        str | None, Field(max_length=20, description="of that source, such as file")
    ] = None
    status: Annotated[RunStatus | None, Field(description="only those that stand so")] = None

    def filters(self) -> dict[str, Any]:
        return self.model_dump(include={"provider", "status"}, exclude_none=True)


class IngestionRunOut(SchemaOut):
    """One intake of prices: a file, a back-fill, a provider's poll, a day of refused ticks."""

    id: UUID
    provider: str
    source_name: str
    status: str
    rows_read: int
    rows_written: int
    rows_unchanged: int
    rows_refused: int
    notes: Annotated[dict[str, Any], Field(description="facts that refuse nothing, by name")]
    error: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def from_run(cls, run: IngestionRun) -> Self:
        names = [name for name in cls.model_fields if name != "id"]
        return cls(id=run.id, **{name: getattr(run, name) for name in names})


class IngestionRunList(SchemaOut):
    items: list[IngestionRunOut]
    next_cursor: str | None


class ShardOut(SchemaOut):
    """A process of the live feed that was heard of a moment ago."""

    shard: str
    silent_seconds: float


class FeedOut(SchemaOut):
    """One instrument's newest prices; what its market cannot have is not stale."""

    symbol: Annotated[str, Field(description="with its exchange: XNAS:AAPL")]
    last: Annotated[str | None, Field(description="live; null where there never was one")]
    source: str | None
    occurred_at: datetime | None
    is_stale: bool
    chain: Annotated[str, Field(description="who is asked for minutes, in order")]
    minutes_from: str
    newest_minute: datetime | None
    are_minutes_stale: bool
    error: Annotated[str, Field(description="why nobody gave minutes at the latest run")]

    @classmethod
    def from_row(cls, row: FeedRow) -> Self:
        quote, feed = row.quote, row.feed
        return cls(
            symbol=row.instrument.address,
            last=plain_or_none(quote.last) if quote else None,
            source=quote.source if quote else None,
            occurred_at=quote.occurred_at if quote else None,
            is_stale=row.is_quote_stale,
            chain=row.chain,
            minutes_from=feed.provider if feed else "",
            newest_minute=feed.newest_minute if feed else None,
            are_minutes_stale=row.are_minutes_stale,
            error=feed.error if feed else "",
        )


class FeedList(SchemaOut):
    items: list[FeedOut]
    next_cursor: str | None
    shards: Annotated[
        list[ShardOut] | None, Field(description="of the live feed; null while Valkey is away")
    ]
