"""Whether the desk takes orders: for administrators to see, and to open again."""

from typing import Final

from django.utils import timezone
from ninja import Router

from accounts.auth import KeyAuth
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from portfolio.bookkeeping.probes import latest_run
from portfolio.models import BooksViolation
from trading.order_entry import stops
from trading.order_entry.schemas import OrderEntryOut

router: Final = Router(tags=["Operations"])


@router.get("/order-entry", response=OrderEntryOut, auth=KeyAuth("admin"))
def get_order_entry(request: ApiRequest) -> OrderEntryOut:
    """Whether orders are taken, and what the newest run of the money probes found wrong."""
    del request
    return shown()


@router.post("/order-entry/reopening", response=OrderEntryOut, auth=KeyAuth("admin"))
@idempotent(required=False)
def reopen_order_entry(request: ApiRequest) -> OrderEntryOut:
    """Take orders again, once a run of the probes has found nothing."""
    stops.reopen_order_entry(reopened_at=timezone.now(), reopened_by_id=request.auth.user.id)
    return shown()


def shown() -> OrderEntryOut:
    violations = list(BooksViolation.objects.standing().order_by("id"))
    return OrderEntryOut.from_state(stops.standing_stop(), latest_run(), violations)
