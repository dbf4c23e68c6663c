"""Arming connections, and orders with real money, for programs."""

from collections.abc import Callable
from functools import partial
from typing import Final
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status

from accounts import sign_in
from accounts.auth import Caller, KeyAuth
from accounts.cursors import Listing
from accounts.errors import NotFound
from accounts.http import ApiRequest
from accounts.idempotency import HEADER, idempotent
from accounts.models import User
from accounts.own_transactions import own_transaction
from accounts.schemas import PageIn
from integrations.connections import arming
from integrations.connections.api import find_connection
from integrations.live_orders.cancelling import cancel_live_order as cancel
from integrations.live_orders.placing import JudgedOrder, judge_live_order, record_live_order
from integrations.live_orders.replacing import judge_replacement
from integrations.live_orders.schemas import (
    ArmingIn,
    ArmingOut,
    LiveOrderEventList,
    LiveOrderEventOut,
    LiveOrderIn,
    LiveOrderList,
    LiveOrderOut,
    LiveOrderReplaceIn,
    LiveOrdersWanted,
)
from integrations.models import LiveOrder
from integrations.models.live_orders import LiveOrderQuerySet
from portfolio.api.reach import reachable

router: Final = Router(tags=["Live orders"])


@router.get("/connections/{uuid:connection_id}/arming", response=ArmingOut, auth=KeyAuth("read"))
def read_arming(request: ApiRequest, connection_id: UUID) -> ArmingOut:
    """The limits within which real orders may leave; 404 where none may."""
    found = arming.standing_arming(find_connection(request.auth, connection_id))
    if found is None:
        raise NotFound("The connection is not armed.")
    return ArmingOut.of(found)


@router.put("/connections/{uuid:connection_id}/arming", response=ArmingOut, auth=KeyAuth("trade"))
@own_transaction
def arm_connection(request: ApiRequest, connection_id: UUID, payload: ArmingIn) -> ArmingOut:
    """Let real orders leave through a connection, within limits. Needs your password."""
    found = find_connection(request.auth, connection_id)
    user = request.auth.user
    sign_in.confirm_identity(
        request, user, password=payload.password.get_secret_value(), otp=payload.otp.strip()
    )
    made = arming.arm_connection(
        owner=user, connection_id=found.id, terms=payload.to_terms(), armed_at=timezone.now()
    )
    return ArmingOut.of(made)


@router.delete(
    "/connections/{uuid:connection_id}/arming", response={204: None}, auth=KeyAuth("trade")
)
def disarm_connection(request: ApiRequest, connection_id: UUID) -> Status[None]:
    """Let no further order leave; harmless where none may. Orders at the broker stay there."""
    found = find_connection(request.auth, connection_id)
    arming.disarm_connection(
        owner=request.auth.user, connection_id=found.id, disarmed_at=timezone.now()
    )
    return Status(204, None)


@router.post(
    "/connections/{uuid:connection_id}/live-orders",
    response={201: LiveOrderOut},
    auth=KeyAuth("trade"),
)
@idempotent(required=True, in_two=True)
def place_live_order(
    request: ApiRequest, connection_id: UUID, payload: LiveOrderIn
) -> Callable[[], Status[LiveOrderOut]]:
    """Record an order with real money; a worker sends it, and `GET /live-orders/{id}` tells."""
    found = find_connection(request.auth, connection_id)
    judged = judge_live_order(
        owner=request.auth.user,
        connection_id=found.id,
        ticket=payload.to_ticket(key=request.headers[HEADER]),
        judged_at=timezone.now(),
    )
    return partial(recorded, judged)


def recorded(judged: JudgedOrder) -> Status[LiveOrderOut]:
    """The half of a request that writes: what was judged before its transaction is recorded."""
    return Status(201, told(record_live_order(judged, placed_at=timezone.now())))


def own_orders(user: User) -> LiveOrderQuerySet:
    return LiveOrder.objects.for_user(user).with_replaced_by().select_related("instrument")


def told(order: LiveOrder) -> LiveOrderOut:
    """An order as it is after an operation."""
    return LiveOrderOut.of(own_orders(order.portfolio.owner).get(id=order.id))


def find_order(caller: Caller, live_order_id: UUID) -> LiveOrder:
    """Raises:
    NotFound: there is none that the caller reaches.
    """
    found = own_orders(caller.user).filter(id=live_order_id).first()
    if found is None or not caller.may_use(found.portfolio_id):
        raise NotFound("There is no such live order.")
    return found


@router.get("/live-orders", response=LiveOrderList, auth=KeyAuth("read"))
def list_live_orders(request: ApiRequest, wanted: Query[LiveOrdersWanted]) -> LiveOrderList:
    """Orders with real money, newest first; those of unknown outcome with `status=unknown`."""
    rows = own_orders(request.auth.user).filter(portfolio__in=reachable(request.auth))
    if wanted.connection_id is not None:
        rows = rows.filter(connection=find_connection(request.auth, wanted.connection_id))
    if wanted.status is not None:
        rows = rows.filter(status=wanted.status)
    filters = {"connection_id": wanted.connection_id, "status": wanted.status}
    page = Listing(request.auth, "live orders", filters).page(
        rows, order=("-placed_at", "-id"), limit=wanted.limit, cursor=wanted.cursor
    )
    items = [LiveOrderOut.of(row) for row in page.items]
    return LiveOrderList(items=items, next_cursor=page.next_cursor)


@router.get("/live-orders/{uuid:live_order_id}", response=LiveOrderOut, auth=KeyAuth("read"))
def read_live_order(request: ApiRequest, live_order_id: UUID) -> LiveOrderOut:
    """One order, and what is known of it."""
    return LiveOrderOut.of(find_order(request.auth, live_order_id))


@router.get(
    "/live-orders/{uuid:live_order_id}/events",
    response=LiveOrderEventList,
    auth=KeyAuth("read"),
)
def list_live_order_events(
    request: ApiRequest, live_order_id: UUID, asked: Query[PageIn]
) -> LiveOrderEventList:
    """Every step, oldest first."""
    order = find_order(request.auth, live_order_id)
    page = Listing(request.auth, f"events of live order {order.id}", {}).page(
        order.events.all(), order=("id",), limit=asked.limit, cursor=asked.cursor
    )
    items = [LiveOrderEventOut.of(row) for row in page.items]
    return LiveOrderEventList(items=items, next_cursor=page.next_cursor)


@router.post(
    "/live-orders/{uuid:live_order_id}/cancellation",
    response={202: LiveOrderOut},
    auth=KeyAuth("trade"),
)
@idempotent(required=False)
def cancel_live_order(request: ApiRequest, live_order_id: UUID) -> Status[LiveOrderOut]:
    """Have the broker asked to cancel it; until it has, the order may fill."""
    found = find_order(request.auth, live_order_id)
    order = cancel(owner=request.auth.user, order_id=found.id, asked_at=timezone.now())
    return Status(202, told(order))


@router.post(
    "/live-orders/{uuid:live_order_id}/replacement",
    response={201: LiveOrderOut},
    auth=KeyAuth("trade"),
)
@idempotent(required=True, in_two=True)
def replace_live_order(
    request: ApiRequest, live_order_id: UUID, payload: LiveOrderReplaceIn
) -> Callable[[], Status[LiveOrderOut]]:
    """Have a changed order take over at the broker; answers with the new one, which has its own id.

    Until the broker has said so, the old one may fill.
    """
    found = find_order(request.auth, live_order_id)
    judged = judge_replacement(
        owner=request.auth.user,
        order_id=found.id,
        changes=payload.to_changes(key=request.headers[HEADER]),
        judged_at=timezone.now(),
    )
    return partial(recorded, judged)
