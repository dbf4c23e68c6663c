"""Indices as programs get them."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from accounts.schemas import SchemaOut
from portfolio.indices.own_indices import IndexOverview, TakenIn


class IndexOut(SchemaOut):
    id: UUID
    name: str
    closes: int
    first_date: date | None
    newest_date: date | None
    created_at: datetime

    @classmethod
    def from_overview(cls, found: IndexOverview) -> Self:
        return cls(
            id=found.index.id,
            name=found.index.name,
            closes=found.closes,
            first_date=found.first_date,
            newest_date=found.newest_date,
            created_at=found.index.created_at,
        )


class IndexList(SchemaOut):
    items: list[IndexOut]
    next_cursor: str | None


class RefusedRowOut(SchemaOut):
    line: int
    code: str
    message: str


class TakenInOut(IndexOut):
    """The index with what became of the file just sent: lines that were not taken, 100 at most."""

    refused: list[RefusedRowOut]

    @classmethod
    def from_taken_in(cls, found: TakenIn) -> Self:
        shown = IndexOut.from_overview(found.overview).model_dump()
        return cls(
            **shown,
            refused=[
                RefusedRowOut(line=one.line, code=one.code, message=one.message)
                for one in found.refused
            ],
        )
