"""Halts: for everybody to see, for administrators to begin and to end."""

import datetime as dt
from typing import Annotated, Final, Self

from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status
from pydantic import Field

from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from accounts.schemas import PageIn, SchemaIn, SchemaOut
from market.queries import instrument_by_address
from trading.halts.halts import REASON_LENGTH, halt_instrument, resume_instrument
from trading.models import TradingHalt

router: Final = Router(tags=["Instruments"])


class HaltIn(SchemaIn):
    reason: Annotated[
        str,
        Field(
            min_length=1,
            max_length=REASON_LENGTH,
            description="Why, in words that every investor may read.",
            examples=["News pending"],
        ),
    ]


class HaltOut(SchemaOut):
    """A halt; `resumed_at` is null while it stands."""

    symbol: str
    exchange: str
    reason: str
    halted_at: dt.datetime
    resumed_at: dt.datetime | None

    @classmethod
    def from_halt(cls, halt: TradingHalt) -> Self:
        return cls(
            symbol=halt.instrument.symbol,
            exchange=halt.instrument.exchange_id,
            reason=halt.reason,
            halted_at=halt.halted_at,
            resumed_at=halt.resumed_at,
        )


class HaltList(SchemaOut):
    items: list[HaltOut]
    next_cursor: str | None


@router.get("/halts", response=HaltList, auth=KeyAuth("read"))
def list_halts(request: ApiRequest, page: Query[PageIn]) -> HaltList:
    """Instruments that are halted now, the newest halt first."""
    found = Listing(request.auth, "halts", {}).page(
        TradingHalt.objects.standing().select_related("instrument"),
        order=("-halted_at", "-id"),
        limit=page.limit,
        cursor=page.cursor,
    )
    return HaltList(
        items=[HaltOut.from_halt(halt) for halt in found.items], next_cursor=found.next_cursor
    )


@router.post("/instruments/{symbol}/halt", response={201: HaltOut}, auth=KeyAuth("admin"))
@idempotent(required=False)
def create_halt(request: ApiRequest, symbol: str, payload: HaltIn) -> Status[HaltOut]:
    """Let nobody trade an instrument: its orders are suspended, new ones refused."""
    halt = halt_instrument(
        instrument_by_address(symbol),
        reason=payload.reason,
        halted_at=timezone.now(),
        halted_by_id=request.auth.user.id,
    )
    return Status(201, HaltOut.from_halt(halt))


@router.delete("/instruments/{symbol}/halt", response={204: None}, auth=KeyAuth("admin"))
def end_halt(request: ApiRequest, symbol: str) -> Status[None]:
    """Let an instrument trade again; its orders stand where they stood."""
    resume_instrument(
        instrument_by_address(symbol),
        resumed_at=timezone.now(),
        resumed_by_id=request.auth.user.id,
    )
    return Status(204, None)
