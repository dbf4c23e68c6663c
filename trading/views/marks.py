"""An investor's own orders and fills of one instrument, to be marked in its book and tape."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import F, Sum
from django.http import JsonResponse
from django.views.decorators.http import require_GET

from accounts.http import InvestorRequest
from accounts.policies import signed_in
from market.instruments.shown import instrument_or_404
from market.models import Instrument
from market.values import plain, plain_or_none, wire_time
from trading.models import Fill, Order

FILLS_SHOWN: Final = 20


@signed_in
@require_GET
def own_marks(request: InvestorRequest, address: str) -> JsonResponse:
    instrument = instrument_or_404(address)
    return JsonResponse(
        {"orders": _orders(request, instrument), "fills": _fills(request, instrument)}
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
