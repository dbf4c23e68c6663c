"""Whether the desk takes orders, as programs of administrators get it."""

import datetime as dt
from typing import Self
from uuid import UUID

from accounts.schemas import SchemaOut
from portfolio.models import BooksViolation, ProbeRun
from trading.models import OrderEntryStop


class ViolationOut(SchemaOut):
    """One thing that the newest run of a probe found wrong."""

    probe: str
    portfolio_id: UUID | None
    detail: str
    found_at: dt.datetime

    @classmethod
    def from_row(cls, row: BooksViolation) -> Self:
        return cls(
            probe=row.probe,
            portfolio_id=row.portfolio_id,
            detail=row.detail,
            found_at=row.found_at,
        )


class OrderEntryOut(SchemaOut):
    """`checked_at` is of the newest run of the probes; `reason` and `stopped_at` of the stop."""

    is_open: bool
    reason: str | None
    stopped_at: dt.datetime | None
    checked_at: dt.datetime | None
    violations: list[ViolationOut]

    @classmethod
    def from_state(
        cls, stop: OrderEntryStop | None, run: ProbeRun | None, violations: list[BooksViolation]
    ) -> Self:
        return cls(
            is_open=stop is None,
            reason=stop.reason if stop else None,
            stopped_at=stop.stopped_at if stop else None,
            checked_at=run.checked_at if run else None,
            violations=[ViolationOut.from_row(row) for row in violations],
        )
