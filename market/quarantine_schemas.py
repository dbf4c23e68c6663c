"""Rows refused at the door as programs get and judge them."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field

from accounts.exact_json import PriceIn
from accounts.schemas import PageIn, SchemaIn, SchemaOut
from market.models import QuarantinedRow
from market.schemas import Currency, Symbol

BIGGEST_ID = 2**63 - 1
RowId = Annotated[int, Field(ge=1, le=BIGGEST_ID)]


class ConfirmingPriceOut(SchemaOut):
    """A price that followed one that jumped and was as far off."""

    price: str
    occurred_at: dt.datetime
    source: str
    provider_tick_id: Annotated[str | None, Field(description="null where it was a quote's")]


class QuarantinedRowOut(SchemaOut):
    """One reason why one line was refused; `values` are the line's, as far as it could be read."""

    id: int
    run_id: UUID
    provider: str
    source_name: str
    line: int
    kind: str
    code: str
    message: str
    values: dict[str, Any]
    status: str
    judged_at: dt.datetime | None
    confirmed_by: Annotated[
        ConfirmingPriceOut | None, Field(description="the live price that confirmed it by itself")
    ]

    @classmethod
    def from_row(cls, row: QuarantinedRow) -> Self:
        return cls(
            id=row.id,
            run_id=row.run_id,
            provider=row.run.provider,
            source_name=row.run.source_name,
            line=row.line,
            kind=row.kind,
            code=row.code,
            message=row.message,
            values=row.raw,
            status=row.status,
            judged_at=row.judged_at,
            confirmed_by=row.confirmed_by and ConfirmingPriceOut(**row.confirmed_by),
        )


class QuarantinedRowList(SchemaOut):
    items: list[QuarantinedRowOut]
    next_cursor: str | None


class QuarantineWanted(PageIn):
    status: Annotated[
        Literal["waiting", "released", "rejected", "confirmed"] | None,
        Field(description="only those that stand so"),
    ] = None
    code: Annotated[
        str | None, Field(max_length=40, description="of that reason, such as spike")
    ] = None
    provider: Annotated[
        str | None, Field(max_length=20, description="of that source, such as file")
    ] = None
    symbol: Annotated[Symbol | None, Field(description="as the row gave it")] = None
    run_id: Annotated[UUID | None, Field(description="of that run")] = None

    def filters(self) -> dict[str, Any]:
        return self.model_dump(include={"status", "code", "provider", "symbol", "run_id"})


class ReleaseIn(SchemaIn):
    """What is wrong in the row, as it really was; everything else stays as the row has it."""

    symbol: Symbol | None = None
    date: dt.date | None = None
    open: PriceIn | None = None
    high: PriceIn | None = None
    low: PriceIn | None = None
    close: PriceIn | None = None
    adjusted_close: PriceIn | None = None
    volume: PriceIn | None = None
    price: PriceIn | None = None
    size: PriceIn | None = None
    currency: Currency | None = None
    per_euro: PriceIn | None = None
    rates: Annotated[
        dict[Currency, PriceIn] | None,
        Field(description="of a line of exchange rates, units per euro"),
    ] = None

    def corrections(self) -> dict[str, str]:
        given = self.model_dump(exclude_none=True)
        given |= given.pop("rates", {})
        return {
            name: format(value, "f") if isinstance(value, Decimal) else str(value)
            for name, value in given.items()
        }
