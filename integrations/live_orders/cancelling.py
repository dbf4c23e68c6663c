"""Asking the broker to cancel a live order; also after its connection was disarmed."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from accounts.errors import NotFound
from accounts.models import User
from integrations.live_orders.errors import LiveOrderEnded
from integrations.live_orders.following import request_look
from integrations.live_orders.recording import Facts, locked_order, note, take_step
from integrations.live_orders.states import Event, Status
from integrations.models import LiveOrder

BEFORE_SENT = "You cancelled it before it was sent."


@transaction.atomic
def cancel_live_order(*, owner: User, order_id: UUID, asked_at: datetime) -> LiveOrder:
    """Cancel what was not sent yet; ask the broker for the rest. Asking again is harmless.

    One of unknown outcome is looked for first, and cancelled if the broker has it.

    Raises:
        LiveOrderEnded: it can neither fill nor be cancelled any more.
        NotFound: the owner has no such order.
    """
    if not LiveOrder.objects.for_user(owner).filter(id=order_id).exists():
        raise NotFound("There is no such live order.")
    order = locked_order(order_id)
    if order.status == Status.RECORDED:
        facts = Facts(reason=BEFORE_SENT)
        take_step(order, Event.CANCELED, at=asked_at, facts=facts, actor_id=owner.id)
        return order
    if not order.is_working:
        raise LiveOrderEnded(order.status)
    if order.cancel_asked_at is not None:
        return order
    order.cancel_asked_at = asked_at
    if order.status != Status.SENDING:
        order.look_at = asked_at
    order.save(update_fields=["cancel_asked_at", "look_at"])
    note(order, Event.CANCEL_ASKED, at=asked_at, actor_id=owner.id)
    if order.connection_id is not None:
        transaction.on_commit(partial(request_look, order.connection_id), robust=True)
    return order
