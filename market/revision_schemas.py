"""Corrected prices as programs get them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field

from accounts.schemas import PageIn, SchemaOut
from market.models.prices import StoredInterval
from market.schemas import NumberOut
from market.series.price_corrections import BarCorrection, TickCorrection


class BarRevisionsWanted(PageIn):
    interval: Annotated[StoredInterval | None, Field(description="only bars of that length")] = None


class BarVersionOut(SchemaOut):
    """A bar as its source said it at one time."""

    open: str
    high: str
    low: str
    close: str
    adjusted_close: str | None
    volume: str
    count: int | None
    source: str

    @classmethod
    def from_values(cls, bar: Mapping[str, Any]) -> Self:
        return cls.model_validate({name: bar.get(name) for name in cls.model_fields})


class BarRevisionOut(SchemaOut):
    """A bar `before` its source corrected it, and the version `after` that."""

    id: int
    symbol: str
    interval: str
    opened_at: datetime
    superseded_at: datetime
    run_id: Annotated[UUID | None, Field(description="that brought it; null for live ticks")]
    before: BarVersionOut
    after: BarVersionOut

    @classmethod
    def from_correction(cls, found: BarCorrection, *, address: str) -> Self:
        was = found.revision
        return cls(
            id=was.id,
            symbol=address,
            interval=was.interval,
            opened_at=was.opened_at,
            superseded_at=was.superseded_at,
            run_id=was.run_id,
            before=BarVersionOut.from_values(found.before),
            after=BarVersionOut.from_values(found.after),
        )


class BarRevisionList(SchemaOut):
    """The newest correction first."""

    items: list[BarRevisionOut]
    next_cursor: str | None


class TickVersionOut(SchemaOut):
    price: NumberOut
    size: NumberOut


class TickRevisionOut(SchemaOut):
    """A tick `before` its provider corrected it, and the version `after` that."""

    id: int
    symbol: str
    occurred_at: datetime
    provider_tick_id: str
    superseded_at: datetime
    source: str
    before: TickVersionOut
    after: TickVersionOut

    @classmethod
    def from_correction(cls, found: TickCorrection, *, address: str) -> Self:
        was = found.revision
        return cls(
            id=was.id,
            symbol=address,
            occurred_at=was.occurred_at,
            provider_tick_id=was.provider_tick_id,
            superseded_at=was.superseded_at,
            source=was.source,
            before=TickVersionOut(price=was.price, size=was.size),
            after=TickVersionOut(price=found.price, size=found.size),
        )


class TickRevisionList(SchemaOut):
    """The newest correction first."""

    items: list[TickRevisionOut]
    next_cursor: str | None
