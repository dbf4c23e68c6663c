"""Whether another order may take over from a live order."""

from __future__ import annotations

from integrations.live_orders.errors import LiveOrderBusy, LiveOrderEnded
from integrations.models import LiveOrder


def refuse_unless_replaceable(order: LiveOrder) -> None:
    """Raises:
    LiveOrderBusy, LiveOrderEnded: it cannot be changed now, or any more.
    """
    if not order.is_working:
        raise LiveOrderEnded(order.status, wish="change")
    if not order.is_at_the_broker:
        raise LiveOrderBusy("The broker has not said yet that it has the order.")
    if order.cancel_asked_at is not None:
        raise LiveOrderBusy("The order is being cancelled.")
    if LiveOrder.objects.working().filter(replaces=order).exists():
        raise LiveOrderBusy("Another order is about to take over from it.")
