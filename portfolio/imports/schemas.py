"""Imports of files as programs send and get them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts.schemas import PageIn, ProblemItem, SchemaIn, SchemaOut
from portfolio.imports.decisions import RowSaid, Said
from portfolio.imports.overviews import RowCounts
from portfolio.models import FileImport, FileImportRow
from portfolio.schemas import attributes

Text = Annotated[str, Field(max_length=300)]
RowStatusIn = Literal["ready", "duplicate", "problem", "skipped"]


class PasteIn(SchemaIn):
    """A table as text, instead of a file."""

    text: str
    name: Annotated[str, Field(max_length=120)] = ""
    profile: Annotated[str, Field(max_length=30)] = ""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "text": "date,type,symbol,quantity,price\n2024-01-02,buy,AAPL,10,185.50\n",
                "profile": "",
            }
        }
    )


class RowPatch(SchemaIn):
    """To one row, by its `position`. A change to null takes the fact away."""

    position: Annotated[int, Field(ge=1, le=1_000_000)]
    decision: Annotated[
        Literal["", "import", "skip"] | None, Field(description="empty: as its status says")
    ] = None
    changes: Annotated[
        dict[Text, Text | None] | None,
        Field(description="facts of the activity, `symbol` and `portfolio` among them"),
    ] = None

    def said(self) -> RowSaid:
        changes = self.changes
        return RowSaid(
            position=self.position,
            decision=self.decision,
            changes=None if changes is None else {key: it or "" for key, it in changes.items()},
        )


class ImportPatch(SchemaIn):
    """What is left out stays. Columns, styles and choices have the whole file read again."""

    profile: Annotated[Text | None, Field(description="empty: whichever the file looks like")] = (
        None
    )
    mapping: Annotated[
        dict[Text, Text] | None, Field(description="a column of the file for each field")
    ] = None
    date_order: Literal["day_first", "month_first"] | None = None
    decimal_mark: Literal[".", ","] | None = None
    symbols: Annotated[
        dict[Text, Text],
        Field(description="what the file calls an instrument, and ours; empty takes it back"),
    ] = Field(default_factory=dict)
    portfolios: Annotated[
        dict[Text, Text],
        Field(description="what the file calls an account, and the name or id of a portfolio"),
    ] = Field(default_factory=dict)
    rows: Annotated[list[RowPatch], Field(max_length=500)] = Field(default_factory=list)

    model_config = ConfigDict(
        json_schema_extra={"example": {"rows": [{"position": 1, "decision": "skip"}]}}
    )

    def said(self) -> Said:
        return Said(
            **attributes(self, ("profile", "mapping", "date_order", "decimal_mark")),
            **attributes(self, ("symbols", "portfolios")),
            rows=[row.said() for row in self.rows],
        )


class ImportRowOut(SchemaOut):
    """One activity that a line means. `facts` are those of the contract, as texts."""

    position: int
    line: int
    sheet: str
    raw: str
    status: str
    decision: str
    note: str
    symbol: str | None
    portfolio_id: UUID | None
    facts: dict[str, str]
    problems: list[ProblemItem]
    duplicate_of: UUID | None
    entry_id: UUID | None

    @classmethod
    def from_row(cls, row: FileImportRow) -> Self:
        own = set(cls.model_fields) - {"symbol", "problems"}
        return cls(
            **attributes(row, own),
            symbol=row.instrument.symbol if row.instrument else row.symbol or row.isin or None,
            problems=[ProblemItem(**problem) for problem in row.problems],
        )


class RowCountsOut(SchemaOut):
    """Rows by status; `taken` would be booked by a commit."""

    ready: int
    duplicate: int
    problem: int
    skipped: int
    taken: int


class ImportOut(SchemaOut):
    """A file on its way into the books. While it is at work, `rows_done` counts up.

    While it is read, `rows_done` and `rows_total` are lines; then rows.
    """

    id: UUID
    portfolio_id: UUID
    file_name: str
    status: str
    error: str
    profile: str
    rows_total: int
    rows_done: int
    created_at: datetime
    previewed_at: datetime | None
    committed_at: datetime | None
    reversed_at: datetime | None

    @classmethod
    def from_import(cls, found: FileImport) -> Self:
        return cls(**attributes(found, cls.model_fields))


class ImportDetailOut(ImportOut):
    """With how it was read, and a page of its rows."""

    columns: list[str]
    mapping: dict[str, str]
    date_order: str
    is_date_order_certain: bool
    decimal_mark: str
    counts: RowCountsOut
    rows: list[ImportRowOut]
    next_cursor: str | None

    @classmethod
    def of(
        cls,
        found: FileImport,
        counts: RowCounts,
        rows: Iterable[FileImportRow],
        next_cursor: str | None,
    ) -> Self:
        own = set(cls.model_fields) - {"counts", "rows", "next_cursor"}
        return cls(
            **attributes(found, own),
            counts=RowCountsOut(**attributes(counts, RowCountsOut.model_fields)),
            rows=[ImportRowOut.from_row(row) for row in rows],
            next_cursor=next_cursor,
        )


class ImportList(SchemaOut):
    items: list[ImportOut]
    next_cursor: str | None


class ImportRowsWanted(PageIn):
    row_status: Annotated[RowStatusIn | None, Field(description="only rows that stand so")] = None
