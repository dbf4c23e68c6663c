"""Orders, fills and settlements for programs."""

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status

from accounts.auth import Caller, KeyAuth
from accounts.cursors import Listing
from accounts.errors import NotFound, Problem, ProblemsError
from accounts.http import ApiRequest
from accounts.idempotency import HEADER, idempotent
from accounts.roles import Role
from accounts.schemas import PageIn
from accounts.table_answers import FILES_IN_OPENAPI, Format, table_response, wanted_format
from market.queries import instrument_by_address
from portfolio.api.reach import find_portfolio, reachable
from trading import orders, states
from trading.api.order_schemas import (
    OrderEventList,
    OrderEventOut,
    OrderIn,
    OrderList,
    OrderOut,
    OrderReplaceIn,
    OrdersWanted,
)
from trading.api.schemas import (
    FillList,
    FillOut,
    FillsWanted,
    SettlementList,
    SettlementOut,
    SettlementsWanted,
)
from trading.changing import replacement
from trading.listing.fill_table import fill_table
from trading.models import Fill, Order, OrderEvent, Settlement
from trading.models.orders import OrderQuerySet
from trading.placing.admission import admit
from trading.placing.orders_at_once import place_at_once, ticket_of

router: Final = Router()

OPEN, CLOSED = "open", "closed"


@router.post("/orders", response={201: OrderOut}, auth=KeyAuth("trade"), tags=["Orders"])
@idempotent(required=True, at_once=place_at_once)
def place_order(request: ApiRequest, payload: OrderIn) -> Status[OrderOut]:
    """Place an order. It is accepted when this answers; fills follow."""
    caller = request.auth
    admission = admit(caller, portfolio_id=payload.portfolio_id, address=payload.symbol)
    order = orders.place_order(
        portfolio_id=payload.portfolio_id,
        ticket=ticket_of(
            payload, instrument_id=admission.instrument_id, key=request.headers[HEADER]
        ),
        placed_at=timezone.now(),
        actor_id=caller.user.id,
    )
    return Status(201, OrderOut.from_order(order, symbol=admission.symbol))


def orders_of(caller: Caller) -> OrderQuerySet:
    found = Order.objects.for_user(caller.user, caller.role)
    return found.filter(portfolio_id__in=caller.portfolio_ids) if caller.portfolio_ids else found


def find_order(caller: Caller, order_id: UUID) -> Order:
    """Raises:
    NotFound: there is none that the caller reaches.
    RoleMissing: its portfolio is shared with him, but not to trade in.
    """
    visible = orders_of(replace(caller, role=Role.VIEWER))
    order = visible.select_related("instrument").filter(id=order_id).first()
    if order is None:
        raise NotFound("There is no such order.")
    if caller.role is not Role.VIEWER:
        find_portfolio(caller, order.portfolio_id)
    return order


def shown(order: Order) -> OrderOut:
    return OrderOut.from_order(order, symbol=order.instrument.symbol)


@router.get("/orders", response=OrderList, auth=KeyAuth("read"), tags=["Orders"])
def list_orders(request: ApiRequest, wanted: Query[OrdersWanted]) -> OrderList:
    """Orders, newest first."""
    rows = orders_of(request.auth).select_related("instrument").prefetch_related("legs")
    rows = rows.filter(**conditions(request.auth, wanted, at="submitted_at"))
    if wanted.status is not None:
        rows = rows.filter(status__in=statuses(wanted.status))
    found = listing(request.auth, "orders", wanted).page(
        rows, order=["-submitted_at", "-id"], limit=wanted.limit, cursor=wanted.cursor
    )
    return OrderList(items=[shown(it) for it in found.items], next_cursor=found.next_cursor)


def statuses(text: str) -> list[str]:
    """Raises:
    ProblemsError: a word is no status.
    """
    found: list[str] = []
    for word in text.split(","):
        if word == OPEN:
            found += states.Status.working()
        elif word == CLOSED:
            found += sorted(states.Status.terminal())
        elif word in list(states.Status):
            found.append(word)
        else:
            allowed = ", ".join([OPEN, CLOSED, *states.Status])
            message = f"status was {word!r}, must be of {allowed}."
            raise ProblemsError([Problem("status", "unknown", message)])
    return found


def conditions(
    caller: Caller, wanted: OrdersWanted | FillsWanted | SettlementsWanted, *, at: str = ""
) -> dict[str, Any]:
    """Filters that lists have in common; a portfolio out of reach is not found."""
    found: dict[str, Any] = {}
    if wanted.portfolio_id is not None:
        found["portfolio_id"] = find_portfolio(caller, wanted.portfolio_id).id
    if isinstance(wanted, SettlementsWanted):
        return found
    if wanted.symbol is not None:
        found["instrument_id"] = instrument_by_address(wanted.symbol).id
    if wanted.start is not None:
        found[f"{at}__gte"] = wanted.start
    if wanted.end is not None:
        found[f"{at}__lt"] = wanted.end
    return found


def settlement_conditions(caller: Caller, wanted: SettlementsWanted) -> dict[str, Any]:
    found = conditions(caller, wanted)
    if wanted.order_id is not None:
        found["fill__order_id"] = wanted.order_id
    if wanted.symbol is not None:
        found["fill__instrument_id"] = instrument_by_address(wanted.symbol).id
    if wanted.start is not None:
        found["due_date__gte"] = wanted.start
    if wanted.end is not None:
        found["due_date__lt"] = wanted.end
    if wanted.status is not None:
        found["settled_at__isnull"] = wanted.status == "waiting"
    return found


def listing(caller: Caller, name: str, wanted: PageIn) -> Listing:
    return Listing(caller, name, wanted.model_dump(exclude={"limit", "cursor", "format"}))


@router.get("/orders/{uuid:order_id}", response=OrderOut, auth=KeyAuth("read"), tags=["Orders"])
def get_order(request: ApiRequest, order_id: UUID) -> OrderOut:
    """One order."""
    return shown(find_order(request.auth, order_id))


@router.get(
    "/orders/by-client-id/{path:client_order_id}",
    response=OrderOut,
    auth=KeyAuth("read"),
    tags=["Orders"],
)
def get_order_by_client_id(
    request: ApiRequest, client_order_id: str, portfolio_id: Query[UUID | None] = None
) -> OrderOut:
    """The order of a client order id; say the portfolio where several have one."""
    rows = orders_of(request.auth).filter(client_order_id=client_order_id)
    if portfolio_id is not None:
        rows = rows.filter(portfolio_id=portfolio_id)
    found = list(rows.select_related("instrument")[:2])
    if not found:
        raise NotFound("There is no such order.")
    if len(found) > 1:
        message = "Several portfolios have an order of that id; say which."
        raise ProblemsError([Problem("portfolio_id", "required", message)])
    return shown(found[0])


@router.patch("/orders/{uuid:order_id}", response=OrderOut, auth=KeyAuth("trade"), tags=["Orders"])
@idempotent(required=False)
def replace_order(request: ApiRequest, order_id: UUID, payload: OrderReplaceIn) -> OrderOut:
    """Let a changed order take over; this answers with the new one, which has an id of its own."""
    found = find_order(request.auth, order_id)
    order = replacement.replace_order(
        order_id=found.id,
        changes=payload.to_changes(key=request.headers.get(HEADER)),
        requested_at=timezone.now(),
        actor_id=request.auth.user.id,
    )
    return OrderOut.from_order(order, symbol=found.instrument.symbol)


@router.post(
    "/orders/{uuid:order_id}/cancellation",
    response={202: OrderOut},
    auth=KeyAuth("trade"),
    tags=["Orders"],
)
@idempotent(required=False)
def cancel_order(request: ApiRequest, order_id: UUID) -> Status[OrderOut]:
    """Ask for an order to be taken out; it may still fill before that happens."""
    found = find_order(request.auth, order_id)
    order = orders.cancel_order(
        order_id=found.id, requested_at=timezone.now(), actor_id=request.auth.user.id
    )
    return Status(202, OrderOut.from_order(order, symbol=found.instrument.symbol))


@router.get(
    "/orders/{uuid:order_id}/events",
    response=OrderEventList,
    auth=KeyAuth("read"),
    tags=["Orders"],
)
def list_order_events(request: ApiRequest, order_id: UUID, page: Query[PageIn]) -> OrderEventList:
    """What happened to an order, oldest first."""
    order = find_order(request.auth, order_id)
    found = listing(request.auth, f"events {order.id}", page).page(
        OrderEvent.objects.filter(order=order), order=["id"], limit=page.limit, cursor=page.cursor
    )
    items = [OrderEventOut.from_event(event) for event in found.items]
    return OrderEventList(items=items, next_cursor=found.next_cursor)


@router.get(
    "/fills",
    response=FillList,
    auth=KeyAuth("read"),
    tags=["Orders"],
    openapi_extra=FILES_IN_OPENAPI,
)
def list_fills(request: ApiRequest, wanted: Query[FillsWanted]) -> FillList | HttpResponseBase:
    """Executions, newest first; as a file (CSV, Parquet) all of them, oldest first."""
    form = wanted_format(request, wanted.format)
    rows = Fill.objects.filter(portfolio__in=reachable(request.auth)).select_related("instrument")
    rows = rows.filter(**conditions(request.auth, wanted, at="executed_at"))
    if wanted.order_id is not None:
        rows = rows.filter(order_id=wanted.order_id)
    if form is not Format.JSON:
        return table_response(fill_table(rows), form)
    found = listing(request.auth, "fills", wanted).page(
        rows, order=["-executed_at", "-id"], limit=wanted.limit, cursor=wanted.cursor
    )
    items = [FillOut.from_fill(fill) for fill in found.items]
    return FillList(items=items, next_cursor=found.next_cursor)


@router.get("/settlements", response=SettlementList, auth=KeyAuth("read"), tags=["Orders"])
def list_settlements(request: ApiRequest, wanted: Query[SettlementsWanted]) -> SettlementList:
    """What fills promised, latest due first."""
    rows = Settlement.objects.filter(portfolio__in=reachable(request.auth))
    rows = rows.filter(**settlement_conditions(request.auth, wanted))
    rows = rows.select_related("fill__instrument")
    found = listing(request.auth, "settlements", wanted).page(
        rows, order=["-due_date", "-id"], limit=wanted.limit, cursor=wanted.cursor
    )
    items = [SettlementOut.from_settlement(it) for it in found.items]
    return SettlementList(items=items, next_cursor=found.next_cursor)
