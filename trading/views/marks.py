"""An investor's own orders and fills of one instrument, for its book, its tape and its chart."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django.db.models import F, Sum
from django.http import JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.http import InvestorRequest
from accounts.policies import signed_in
from market.instruments.shown import instrument_or_404
from market.models import Instrument
from market.values import plain, plain_or_none, wire_time
from trading.models import Fill, Order
from trading.states import OrderType, Status

FILLS_SHOWN: Final = 20
LINES_SHOWN: Final = 30
TRAILING: Final = "trailing stop"
ON_THEIR_WAY: Final = (Status.PENDING_CANCEL, Status.PENDING_REPLACE)


@signed_in
@require_GET
def own_marks(request: InvestorRequest, address: str) -> JsonResponse:
    instrument = instrument_or_404(address)
    return JsonResponse(
        {
            "orders": _orders(request, instrument),
            "fills": _fills(request, instrument),
            "lines": _lines(request, instrument),
        }
    )


def _orders(request: InvestorRequest, instrument: Instrument) -> list[dict[str, Any]]:
    """Working limit orders of all the user's portfolios, by side and price."""
    rows = (
        Order.objects.for_user(request.user)
        .working()
        .filter(instrument=instrument, limit_price__isnull=False)
        .exclude(stop_price__isnull=False, triggered_at=None)
        .exclude(parent__isnull=False, activated_at=None)
        .values("side", "limit_price")
        .annotate(remaining=Sum(F("quantity") - F("filled_quantity")))
        .order_by("side", "limit_price")
    )
    return [
        {
            "side": row["side"],
            "price": plain_or_none(row["limit_price"]),
            "quantity": plain(row["remaining"]),
        }
        for row in rows
    ]


def _fills(request: InvestorRequest, instrument: Instrument) -> list[dict[str, Any]]:
    newest = Fill.objects.filter(
        portfolio__owner=request.user, portfolio__archived_at=None, instrument=instrument
    ).order_by("-executed_at", "-id")[:FILLS_SHOWN]
    return [
        {
            "id": str(fill.id),
            "occurred_at": wire_time(fill.executed_at),
            "side": fill.side,
            "price": plain(fill.price),
            "size": plain(fill.quantity),
        }
        for fill in newest
    ]


def _lines(request: InvestorRequest, instrument: Instrument) -> list[dict[str, Any]]:
    """Orders, each at the one price that it waits for, newest first.

    One that follows the market at a distance has no ``address`` where its price could be changed.
    """
    orders = (
        Order.objects.for_user(request.user)
        .working()
        .filter(instrument=instrument)
        .exclude(status__in=ON_THEIR_WAY)
        .exclude(replaces__isnull=False, priority=None)
        .order_by("-submitted_at", "-id")[:LINES_SHOWN]
    )
    return [
        {
            "order_id": str(order.id),
            "side": order.side,
            "kind": kind,
            "price": at_tick(price, instrument.tick_size),
            "tick": plain(instrument.tick_size),
            "words": f"{order.get_side_display()} {plain(order.remaining_quantity)} {kind}",
            "address": None if kind == TRAILING else reverse("trading:replace", args=[order.id]),
        }
        for order in orders
        for kind, price in [_waits_for(order)]
        if price is not None
    ]


def _waits_for(order: Order) -> tuple[str, Decimal | None]:
    """A stop waits for its stop price until that is reached, everything else for its limit."""
    if order.stop_price is not None and order.triggered_at is None:
        is_trailing = order.type == OrderType.TRAILING_STOP
        return TRAILING if is_trailing else "stop", order.stop_price
    return "limit", order.limit_price


def at_tick(price: Decimal, tick: Decimal) -> str:
    """With the decimal places of the tick, as a line that was moved says it."""
    exponent = tick.normalize().as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else 0
    return f"{price:.{max(places, 0)}f}"
