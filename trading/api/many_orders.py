"""What a program asks of several orders at once, each with an outcome of its own."""

from typing import Final
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status

from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.http import ApiRequest
from accounts.idempotency import HEADER, idempotent
from accounts.schemas import PageIn
from market.queries import instrument_by_address
from portfolio.api.reach import find_portfolio
from trading.api.many_orders_schemas import (
    CancellationList,
    CancellationOut,
    ClosingList,
    ClosingOut,
    ClosureList,
    ClosureOut,
    OrderBatchIn,
    OrderBatchOut,
    PlacingOut,
)
from trading.changing import cancellation, closing
from trading.models import PositionClosing
from trading.placing import order_batch
from trading.placing.admission import parts_of
from trading.placing.batch_admission import wishes_of

router: Final = Router()


@router.post("/orders/batch", response=OrderBatchOut, auth=KeyAuth("trade"), tags=["Orders"])
@idempotent(required=True)
def place_orders(request: ApiRequest, payload: OrderBatchIn) -> OrderBatchOut:
    """Place many orders, in the order given; one that is refused harms no other."""
    caller = request.auth
    wishes = wishes_of(caller, payload.orders, key=request.headers[HEADER])
    placings = order_batch.place_orders(
        wishes=wishes, placed_at=timezone.now(), actor_id=caller.user.id
    )
    return OrderBatchOut.from_items(
        [
            PlacingOut.from_placing(placing, symbol=parts_of(asked.symbol)[1])
            for asked, placing in zip(payload.orders, placings, strict=True)
        ]
    )


@router.post(
    "/portfolios/{uuid:portfolio_id}/orders/cancellation",
    response={202: CancellationList},
    auth=KeyAuth("trade"),
    tags=["Orders"],
)
@idempotent(required=False)
def cancel_orders(request: ApiRequest, portfolio_id: UUID) -> Status[CancellationList]:
    """Ask for every working order to be taken out; each may still fill before that happens."""
    asked = cancellation.cancel_orders(
        portfolio_id=find_portfolio(request.auth, portfolio_id).id,
        requested_at=timezone.now(),
        actor_id=request.auth.user.id,
    )
    return Status(202, CancellationList(items=[CancellationOut.from_asked(one) for one in asked]))


@router.post(
    "/portfolios/{uuid:portfolio_id}/positions/{symbol}/closure",
    response={201: ClosureOut, 202: ClosureOut},
    auth=KeyAuth("trade"),
    tags=["Orders"],
)
@idempotent(required=True)
def close_position(request: ApiRequest, portfolio_id: UUID, symbol: str) -> Status[ClosureOut]:
    """Sell all of a position at the market; orders that hold units of it end first (202)."""
    closure = closing.close_position(
        portfolio_id=find_portfolio(request.auth, portfolio_id).id,
        instrument=instrument_by_address(symbol),
        closed_at=timezone.now(),
        actor_id=request.auth.user.id,
    )
    return Status(202 if closure.is_pending else 201, ClosureOut.from_closure(closure))


@router.post(
    "/portfolios/{uuid:portfolio_id}/positions/closure",
    response={201: ClosureList},
    auth=KeyAuth("trade"),
    tags=["Orders"],
)
@idempotent(required=True)
def close_positions(request: ApiRequest, portfolio_id: UUID) -> Status[ClosureList]:
    """Sell every position at the market; one that is refused keeps no other from being sold."""
    closures = closing.close_positions(
        portfolio_id=find_portfolio(request.auth, portfolio_id).id,
        closed_at=timezone.now(),
        actor_id=request.auth.user.id,
    )
    return Status(201, ClosureList(items=[ClosureOut.from_closure(one) for one in closures]))


@router.get(
    "/portfolios/{uuid:portfolio_id}/closures",
    response=ClosingList,
    auth=KeyAuth("read"),
    tags=["Orders"],
)
def list_closures(request: ApiRequest, portfolio_id: UUID, page: Query[PageIn]) -> ClosingList:
    """Positions that were to be sold when their orders had ended, newest first."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    found = Listing(request.auth, "closures", {"portfolio": str(portfolio.id)}).page(
        PositionClosing.objects.filter(portfolio=portfolio).select_related("instrument"),
        order=("-requested_at", "-id"),
        limit=page.limit,
        cursor=page.cursor,
    )
    items = [ClosingOut.from_closing(one) for one in found.items]
    return ClosingList(items=items, next_cursor=found.next_cursor)
