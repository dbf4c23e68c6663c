"""Taking working orders out: what a page, the API and a script call alike."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from trading import doorbell
from trading.errors import OrderFinished, OrderUnknown
from trading.models import Order, OrderCommand, OrderEvent
from trading.states import CommandKind, Event, Status, next_status


def cancel_order(*, order_id: UUID, requested_at: datetime, actor_id: UUID | None = None) -> Order:
    """Ask the matcher to take an order out; it may still fill before that happens.

    The hold is released when the matcher has done it. Asking again changes nothing.

    Raises:
        OrderUnknown: there is no such order.
        OrderFinished: it has filled, or ended otherwise.
    """
    with transaction.atomic():
        order = Order.objects.select_for_update(no_key=True).filter(id=order_id).first()
        if order is None:
            raise OrderUnknown(order_id)
        status = Status(order.status)
        if status in Status.terminal():
            raise OrderFinished(order_id=order.id, status=status)
        if status is Status.PENDING_CANCEL:
            return order
        order.status = next_status(status, Event.CANCEL_REQUESTED)
        order.updated_at = requested_at
        order.save(update_fields=["status", "updated_at"])
        OrderEvent.objects.create(
            order_id=order.id,
            kind=Event.CANCEL_REQUESTED,
            status=order.status,
            occurred_at=requested_at,
            actor_id=actor_id,
        )
        OrderCommand.objects.create(
            kind=CommandKind.CANCEL,
            order_id=order.id,
            instrument_id=order.instrument_id,
            actor_id=actor_id,
            created_at=requested_at,
        )
        transaction.on_commit(lambda: doorbell.ring(order.instrument_id))
    return order
