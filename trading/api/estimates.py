"""What an order would come to, asked by programs before they place it."""

from typing import Final

from django.utils import timezone
from ninja import Router

from accounts.auth import KeyAuth
from accounts.http import ApiRequest
from trading import orders
from trading.api.estimate_schemas import EstimateOut
from trading.api.order_schemas import OrderIn
from trading.placing.admission import admit

router: Final = Router()


@router.post("/orders/estimate", response=EstimateOut, auth=KeyAuth("trade"), tags=["Orders"])
def estimate_order(request: ApiRequest, payload: OrderIn) -> EstimateOut:
    """Say what an order would come to and all that stands against it. Nothing is placed or kept.

    The body is that of `POST /orders`; the same checks judge it. What they find is in `problems`
    beside the figures, with 200, because the question has been answered. It takes no
    `Idempotency-Key`.
    """
    admission = admit(request.auth, portfolio_id=payload.portfolio_id, address=payload.symbol)
    ticket = payload.to_ticket(
        instrument_id=admission.instrument_id, client_order_id=payload.client_order_id
    )
    estimate = orders.estimate_order(
        portfolio_id=payload.portfolio_id, ticket=ticket, at=timezone.now()
    )
    return EstimateOut.from_estimate(estimate, symbol=admission.symbol)
