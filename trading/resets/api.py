"""Resetting paper portfolios, for programs."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status
from pydantic import ConfigDict, Field

from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.exact_json import AmountIn
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from accounts.roles import Role
from accounts.schemas import PageIn, SchemaIn, SchemaOut
from market.schemas import NumberOut
from portfolio.api.reach import find_portfolio
from trading.models import PortfolioReset
from trading.resets.requests import request_reset

router: Final = Router(tags=["Portfolios"])

CASH: Final = "what the portfolio begins with, in its currency"


class ResetIn(SchemaIn):
    starting_cash: Annotated[AmountIn, Field(description=CASH)] = Decimal(100_000)

    model_config = ConfigDict(json_schema_extra={"example": {"starting_cash": "100000"}})


class ResetOut(SchemaOut):
    """`pending` until the working orders have ended; `done_at` is null until then."""

    id: UUID
    portfolio_id: UUID
    status: Literal["pending", "done"]
    starting_cash: NumberOut
    requested_at: dt.datetime
    done_at: dt.datetime | None

    @classmethod
    def from_reset(cls, reset: PortfolioReset) -> Self:
        return cls(
            id=reset.id,
            portfolio_id=reset.portfolio_id,
            status="done" if reset.is_done else "pending",
            starting_cash=reset.starting_cash,
            requested_at=reset.requested_at,
            done_at=reset.done_at,
        )


class ResetList(SchemaOut):
    items: list[ResetOut]
    next_cursor: str | None


@router.post(
    "/portfolios/{uuid:portfolio_id}/reset",
    response={202: ResetOut},
    auth=KeyAuth("trade", role=Role.OWNER),
)
@idempotent(required=False)
def reset_portfolio(request: ApiRequest, portfolio_id: UUID, payload: ResetIn) -> Status[ResetOut]:
    """Let a paper portfolio begin anew: its orders end, everything leaves, new cash comes in."""
    reset = request_reset(
        portfolio=find_portfolio(request.auth, portfolio_id),
        starting_cash=payload.starting_cash,
        requested_at=timezone.now(),
        actor_id=request.auth.user.id,
    )
    return Status(202, ResetOut.from_reset(reset))


@router.get("/portfolios/{uuid:portfolio_id}/resets", response=ResetList, auth=KeyAuth("read"))
def list_resets(request: ApiRequest, portfolio_id: UUID, page: Query[PageIn]) -> ResetList:
    """The resets of a portfolio, newest first, and whether each is done."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    found = Listing(request.auth, "resets", {"portfolio": str(portfolio.id)}).page(
        PortfolioReset.objects.filter(portfolio=portfolio),
        order=("-requested_at", "-id"),
        limit=page.limit,
        cursor=page.cursor,
    )
    items = [ResetOut.from_reset(one) for one in found.items]
    return ResetList(items=items, next_cursor=found.next_cursor)
