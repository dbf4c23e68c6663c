"""Findings as programs get them."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from django.urls import reverse
from pydantic import Field

from accounts.schemas import PageIn, SchemaIn, SchemaOut
from portfolio.models import Portfolio, PortfolioKind
from portfolio.quality.findings import Finding
from portfolio.quality.ways import way_of
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
    advice: Annotated[str, Field(description="what to do about it, for people")]
    page: Annotated[str | None, Field(description="path of this desk's page where to mend it")]
    symbol: str | None
    currency: str | None
    activity_id: UUID | None
    start: date | None
    end: date | None
    mend: MendOut | None

    @classmethod
    def from_finding(cls, found: Finding, portfolio: Portfolio) -> Self:
        names = set(cls.model_fields) - {"mend", "page"}
        way = way_of(found, portfolio)
        path = f"/api/v1/activities/{found.reverses}/reversal"
        mend = None if found.reverses is None else MendOut(method="POST", path=path)
        page = None if way is None else way.path
        if found.activity_id is not None and portfolio.kind == PortfolioKind.TRACKED:
            page = reverse("portfolio:correct", args=[portfolio.id, found.activity_id])
        return cls(**attributes(found, names), mend=mend, page=page)


class FindingsWanted(SchemaIn, PageIn):
    """Which part of the list."""


class QualityOut(SchemaOut):
    """What makes figures less true than they look, the worst first."""

    items: list[FindingOut]
    next_cursor: str | None
    as_of: datetime
