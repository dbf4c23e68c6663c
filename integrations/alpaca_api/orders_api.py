"""Orders for Alpaca's client: placing, reading, replacing and cancelling them."""

from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router

from accounts.errors import NotFound
from accounts.http import ApiRequest
from accounts.identifiers import read_id
from integrations.alpaca_api.answers import answer
from integrations.alpaca_api.asset_json import find_instrument
from integrations.alpaca_api.credentials import AccountAuth, account_of
from integrations.alpaca_api.held_units import held_json
from integrations.alpaca_api.order_json import order_json
from integrations.alpaca_api.order_schemas import OrderIn, OrdersWanted, ReplaceIn
from integrations.alpaca_api.refusals import (
    OPPOSITE_EXISTS,
    TOO_LITTLE,
    is_short_of_units,
    order_refusal,
)
from market.errors import UnknownSymbol
from market.models import Instrument
from market.values import plain_or_none
from portfolio.models import Portfolio
from trading import orders
from trading.changing import cancellation, replacement
from trading.errors import DuplicateClientOrderId, OrderDenied
from trading.models import Order
from trading.models.orders import OrderQuerySet
from trading.orders import OrderTicket
from trading.placing.admission import NO_INSTRUMENT
from trading.placing.situation import look
from trading.pretrade import SELF_MATCH
from trading.states import OrderClass, Status

router: Final = Router(tags=["Alpaca"])


@router.post("/v2/orders", auth=AccountAuth("trade"))
def place_order(request: ApiRequest, payload: OrderIn) -> HttpResponse:
    """Place an order. A `client_order_id` that was used before is refused."""
    account = account_of(request)
    return place(request, account, payload.to_ticket(instrument_id=instrument_of(payload.symbol)))


def instrument_of(address: str) -> int:
    """An unknown symbol is left for the order's checks to name."""
    try:
        return find_instrument(address).id
    except UnknownSymbol:
        return NO_INSTRUMENT


def place(request: ApiRequest, account: Portfolio, ticket: OrderTicket) -> HttpResponse:
    now = timezone.now()
    try:
        order = orders.place_order(
            portfolio_id=account.id, ticket=ticket, placed_at=now, actor_id=request.auth.user.id
        )
    except OrderDenied as error:
        return denied(account, ticket, error)
    if order.submitted_at != now:  # it was placed before; Alpaca never repeats one
        raise DuplicateClientOrderId(client_order_id=order.client_order_id, order_id=order.id)
    return answer(recorded(order.id))


def denied(account: Portfolio, ticket: OrderTicket, error: OrderDenied) -> HttpResponse:
    """The refusal, with the own order in the way, or with how much there is of what is short."""
    status, body = order_refusal(error.problems)
    if any(one.code == SELF_MATCH for one in error.problems):
        situation = look(portfolio_id=account.id, ticket=ticket, at=timezone.now())
        if own := situation.means.opposite(ticket.side):
            body |= {"existing_order_id": str(own.order_id), "reject_reason": OPPOSITE_EXISTS}
    elif is_short_of_units(error.problems) and ticket.quantity is not None:
        instrument = Instrument.objects.get(id=ticket.instrument_id)
        body |= held_json(account, instrument, wanted=ticket.quantity)
    elif any(one.code in TOO_LITTLE for one in error.problems):
        estimate = orders.estimate_order(portfolio_id=account.id, ticket=ticket, at=timezone.now())
        body["buying_power"] = plain_or_none(estimate.buying_power)
        body["cost_basis"] = plain_or_none(estimate.cost)
    return answer(body, status=status)


def recorded(order_id: UUID) -> dict[str, Any]:
    """An order as it stands in the database, which gives it more than its placing does."""
    return with_legs(Order.objects.select_related("instrument").get(id=order_id))


def with_legs(order: Order) -> dict[str, Any]:
    """An order with its exits within it, where it is more than a simple one."""
    if order.order_class == OrderClass.SIMPLE:
        return order_json(order)
    legs = sorted(order.legs.all(), key=lambda leg: leg.id)
    for leg in legs:
        leg.instrument = order.instrument
    return order_json(order, legs=legs)


def orders_of(account: Portfolio) -> OrderQuerySet:
    return Order.objects.filter(portfolio=account).select_related("instrument")


@router.get("/v2/orders", auth=AccountAuth("read"))
def list_orders(request: ApiRequest, wanted: Query[OrdersWanted]) -> HttpResponse:
    """Orders by when they were submitted; open ones unless asked otherwise.

    With `nested` exits are told within their entries, without it beside them.
    """
    rows = orders_of(account_of(request))
    if wanted.nested:
        rows = rows.filter(parent=None).prefetch_related("legs")
    if wanted.status != "all":
        working = Status.working()
        rows = (
            rows.filter(status__in=working)
            if wanted.status == "open"
            else rows.exclude(status__in=working)
        )
    if wanted.after is not None:
        rows = rows.filter(submitted_at__gt=wanted.after)
    if wanted.until is not None:
        rows = rows.filter(submitted_at__lt=wanted.until)
    if wanted.side is not None:
        rows = rows.filter(side=wanted.side)
    if wanted.symbols:
        rows = rows.filter(instrument__symbol__in=wanted.symbols.upper().split(","))
    places = ("submitted_at", "id")
    if wanted.direction == "desc":
        places = ("-submitted_at", "-id")
    told = with_legs if wanted.nested else order_json
    return answer([told(row) for row in rows.order_by(*places)[: wanted.limit]])


# The colon is Alpaca's.
@router.get("/v2/orders:by_client_order_id", auth=AccountAuth("read"))
def get_order_by_client_id(request: ApiRequest, client_order_id: str) -> HttpResponse:
    """The order of a client order id."""
    found = orders_of(account_of(request)).filter(client_order_id=client_order_id).first()
    return answer(order_json(existing(found)))


@router.delete("/v2/orders", auth=AccountAuth("trade"))
def cancel_orders(request: ApiRequest) -> HttpResponse:
    """Ask for every working order to be taken out."""
    asked = cancellation.cancel_orders(
        portfolio_id=account_of(request).id,
        requested_at=timezone.now(),
        actor_id=request.auth.user.id,
    )
    outcomes = [{"id": str(one.order.id), "status": 200, "body": {}} for one in asked]
    return answer(outcomes, status=207)


@router.get("/v2/orders/{order_id}", auth=AccountAuth("read"))
def get_order(request: ApiRequest, order_id: str, nested: bool = False) -> HttpResponse:
    """One order."""
    found = find_order(request, order_id)
    return answer(with_legs(found) if nested else order_json(found))


@router.patch("/v2/orders/{order_id}", auth=AccountAuth("trade"))
def replace_order(request: ApiRequest, order_id: str, payload: ReplaceIn) -> HttpResponse:
    """Have a changed order take over; the answer is the new one, with an id of its own."""
    old = find_order(request, order_id)
    made = replacement.replace_order(
        order_id=old.id,
        changes=payload.to_changes(trails_by_pct=old.trail_pct is not None),
        requested_at=timezone.now(),
        actor_id=request.auth.user.id,
    )
    return answer(recorded(made.id))


@router.delete("/v2/orders/{order_id}", auth=AccountAuth("trade"))
def cancel_order(request: ApiRequest, order_id: str) -> HttpResponse:
    """Ask for an order to be taken out; it may still fill before that happens."""
    found = find_order(request, order_id)
    cancellation.cancel_order(
        order_id=found.id, requested_at=timezone.now(), actor_id=request.auth.user.id
    )
    return HttpResponse(status=204)


def find_order(request: ApiRequest, order_id: str) -> Order:
    """Raises:
    NotFound: the account has no such order.
    """
    number = read_id(order_id)
    found = None if number is None else orders_of(account_of(request)).filter(id=number).first()
    return existing(found)


def existing(found: Order | None) -> Order:
    if found is None:
        raise NotFound("order not found")
    return found
