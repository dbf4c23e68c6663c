"""Findings as programs get them."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from accounts.schemas import SchemaOut
from portfolio.quality.findings import Finding
from portfolio.schemas import attributes


class MendOut(SchemaOut):
    """A request that mends it and that a second one undoes or repeats without harm."""

    method: str
    path: str


class FindingOut(SchemaOut):
    code: str
    severity: Annotated[str, Field(description="error, warning or notice")]
    title: str
    message: str
    symbol: str | None
    currency: str | None
    activity_id: UUID | None
    start: date | None
    end: date | None
    mend: MendOut | None

    @classmethod
    def from_finding(cls, found: Finding) -> Self:
        names = set(cls.model_fields) - {"mend"}
        path = f"/api/v1/activities/{found.reverses}/reversal"
        mend = None if found.reverses is None else MendOut(method="POST", path=path)
        return cls(**attributes(found, names), mend=mend)


class QualityOut(SchemaOut):
    """What makes figures less true than they look, the worst first."""

    items: list[FindingOut]
    next_cursor: None = None
    as_of: datetime
