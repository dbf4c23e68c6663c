"""Exports as programs ask for them and follow them."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from django.http import HttpRequest
from pydantic import ConfigDict, Field

from accounts.errors import Problem
from accounts.schemas import SchemaIn, SchemaOut
from integrations.exports.downloads import signed_address
from integrations.exports.errors import ExportRefused
from integrations.exports.requesting import NewExport
from integrations.models import Export, ExportFile
from integrations.models.exports import Dataset
from market.values import Interval
from portfolio.takeout.restoring import Restoration, Restored


class ExportIn(SchemaIn):
    """Ticks and bars take symbols, bars an interval; everything else takes a portfolio."""

    dataset: Annotated[Dataset, Field(description="what is wanted")]
    start: Annotated[date | None, Field(description="from this day on; not of everything")] = None
    end: Annotated[date | None, Field(description="before this day; not of everything")] = None
    portfolio_id: Annotated[
        UUID | None, Field(description="of fills, journal, valuations, positions")
    ] = None
    symbols: Annotated[tuple[str, ...], Field(description="of ticks and bars", max_length=500)] = ()
    interval: Annotated[Interval | None, Field(description="of bars")] = None
    columns: Annotated[tuple[str, ...], Field(description="none for all", max_length=50)] = ()

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "dataset": "fills",
                "portfolio_id": "0198c0de-0000-7000-8000-000000000000",
                "start": "2026-01-01",
                "end": "2026-02-01",
                "columns": ["symbol", "side", "quantity", "price", "executed_at"],
            }
        }
    )

    def to_wanted(self, *, at: datetime) -> NewExport:
        """Raises:
        ExportRefused: a day is missing, or said of everything.
        """
        given = {"start": self.start, "end": self.end}
        days = NewExport.of_everything(at=at)
        is_all = self.dataset is Dataset.EVERYTHING
        wrong = [name for name, day in given.items() if (day is None) is not is_all]
        if wrong:
            code = "not_taken" if is_all else "required"
            words = "Everything is of all days; leave {} out." if is_all else "{} is missing."
            raise ExportRefused([Problem(name, code, words.format(name)) for name in wrong])
        return NewExport(
            dataset=self.dataset.value,
            start=self.start or days.start,
            end=self.end or days.end,
            portfolio_id=self.portfolio_id,
            symbols=self.symbols,
            interval=self.interval.value if self.interval else "",
            columns=self.columns,
        )


class RestoredOut(SchemaOut):
    portfolio_id: UUID
    import_id: Annotated[
        UUID | None, Field(description="its activities, to be looked at and booked; null without")
    ]

    @classmethod
    def of(cls, found: Restored) -> Self:
        taken_in = found.taken_in
        return cls(
            portfolio_id=found.portfolio.id, import_id=None if taken_in is None else taken_in.id
        )


class LeftOutOut(SchemaOut):
    """One thing of the zip that did not come back."""

    kind: Annotated[
        str,
        Field(description="watchlist, watchlist_item, alert, index, risk_limit or import_mapping"),
    ]
    name: str
    code: str
    message: str


class RestoredList(SchemaOut):
    """`items` are the portfolios. What was there already is in none of the counts."""

    items: list[RestoredOut]
    watchlists: Annotated[int, Field(description="lists that were made")]
    watched: Annotated[int, Field(description="instruments put on lists")]
    alerts: Annotated[int, Field(description="alerts that were made")]
    indices: Annotated[int, Field(description="indices that were made, or got closes")]
    risk_limits: Annotated[int, Field(description="limits of the X-ray that were set")]
    import_mappings: Annotated[int, Field(description="mappings of files that were kept")]
    left_out: list[LeftOutOut]

    @classmethod
    def of(cls, found: Restoration) -> Self:
        brought = found.brought
        return cls(
            items=[RestoredOut.of(one) for one in found.portfolios],
            watchlists=brought.watchlists,
            watched=brought.watched,
            alerts=brought.alerts,
            indices=brought.indices,
            risk_limits=brought.risk_limits,
            import_mappings=brought.import_mappings,
            left_out=[
                LeftOutOut(kind=one.kind, name=one.name, code=one.code, message=one.message)
                for one in brought.left_out
            ],
        )


class NightIn(SchemaIn):
    day: Annotated[date, Field(description="that is over", examples=["2026-01-05"])]


class ExportFileOut(SchemaOut):
    path: Annotated[str, Field(examples=["fills/month=2026-01/fills.parquet"])]
    rows: int
    bytes: int
    sha256: str

    @classmethod
    def of(cls, row: ExportFile) -> Self:
        return cls(path=row.path, rows=row.rows, bytes=row.bytes, sha256=row.sha256)


class ExportOut(SchemaOut):
    id: UUID
    dataset: str
    status: Annotated[str, Field(description="queued, running, completed or failed")]
    start: date
    end: date
    portfolio_id: UUID | None
    symbols: list[str]
    interval: str
    columns: list[str]
    requested_at: datetime
    finished_at: datetime | None
    expires_at: Annotated[datetime | None, Field(description="when its files are removed")]
    removed_at: datetime | None
    parts_total: int
    parts_done: int
    rows: int
    bytes: int
    error_code: str
    error: str

    @classmethod
    def of(cls, row: Export) -> Self:
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class ExportDetailOut(ExportOut):
    download_url: Annotated[
        str | None, Field(description="a zip of the files, for some minutes; null until completed")
    ]
    files: list[ExportFileOut]

    @classmethod
    def shown(cls, row: Export, request: HttpRequest) -> Self:
        return cls(
            **ExportOut.of(row).model_dump(),
            download_url=signed_address(request, row),
            files=[ExportFileOut.of(one) for one in row.files.order_by("path")],
        )


class ExportList(SchemaOut):
    items: list[ExportOut]
    next_cursor: str | None
