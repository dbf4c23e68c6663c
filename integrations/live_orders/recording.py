"""Every change of a live order: the table's step, its event, and word of it, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from integrations import outbox
from integrations.events import kinds
from integrations.live_orders import states
from integrations.live_orders.states import ENDED, Event, Status
from integrations.models import LiveOrder, LiveOrderEvent
from trading import broadcasts

REASON_CHARACTERS: Final = 300
RAW_CHARACTERS: Final = 20_000
TOLD: Final[Mapping[Status, type[kinds.LiveOrderEvent]]] = {
    Status.ACCEPTED: kinds.LiveOrderAccepted,
    Status.PARTIALLY_FILLED: kinds.LiveOrderPartiallyFilled,
    Status.FILLED: kinds.LiveOrderFilled,
    Status.CANCELED: kinds.LiveOrderCanceled,
    Status.REPLACED: kinds.LiveOrderReplaced,
    Status.EXPIRED: kinds.LiveOrderExpired,
    Status.REJECTED: kinds.LiveOrderRejected,
    Status.UNKNOWN: kinds.LiveOrderUnknown,
    Status.NOT_RECEIVED: kinds.LiveOrderNotReceived,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What came with a step; what is empty stays as it was, but for the reason."""

    reason: str = ""
    broker_order_id: str = ""
    filled_quantity: Decimal | None = None
    raw: str = ""


NOTHING: Final = Facts()


def locked_order(order_id: UUID) -> LiveOrder:
    rows = LiveOrder.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("portfolio", "instrument").get(id=order_id)


def take_step(
    order: LiveOrder,
    event: Event,
    *,
    at: datetime,
    facts: Facts = NOTHING,
    actor_id: UUID | None = None,
) -> None:
    """Take one step of the table with an order that is locked.

    Raises:
        IllegalStep: the table has no such step.
    """
    order.status = states.after(order.status, event).value
    order.reason = facts.reason[:REASON_CHARACTERS]
    order.broker_order_id = facts.broker_order_id[:120] or order.broker_order_id
    if facts.filled_quantity is not None:
        order.filled_quantity = facts.filled_quantity
    order.raw = facts.raw.replace("\x00", "")[:RAW_CHARACTERS] or order.raw
    order.changed_at = at
    has_ended = Status(order.status) in ENDED
    order.finished_at = at if has_ended else None
    order.look_at = next_look(order, at=at)
    order.save()
    note(order, event, at=at, reason=order.reason, actor_id=actor_id)
    if kind := TOLD.get(Status(order.status)):
        outbox.put([event_of(order, kind, at=at)], recorded_at=at)
    if order.replaces is not None:
        if has_failed(order):
            note(order.replaces, Event.NOT_REPLACED, at=at, reason=order.reason)
        # Afterwards, so that nobody waits for the one while holding the other.
        transaction.on_commit(partial(look_soon, order.replaces.id, at=at), robust=True)


def look_soon(order_id: UUID, *, at: datetime) -> None:
    """Have the broker asked about an order now, where it is to be asked at all."""
    LiveOrder.objects.filter(id=order_id, look_at__gt=at).update(look_at=at)


def has_failed(order: LiveOrder) -> bool:
    """Whether it surely has not taken over from the order that it was to replace."""
    was_never_there = not order.broker_order_id and order.status == Status.CANCELED
    return was_never_there or order.status in {Status.REJECTED, Status.NOT_RECEIVED}


def note(
    order: LiveOrder, event: Event, *, at: datetime, reason: str = "", actor_id: UUID | None = None
) -> None:
    """Write an event down, and have the portfolio's stream tell of it.

    ``take_step`` does it for those that change a status.
    """
    LiveOrderEvent.objects.create(
        order=order,
        kind=event.value,
        status=order.status,
        occurred_at=at,
        actor_id=actor_id,
        filled_quantity=order.filled_quantity,
        reason=reason[:REASON_CHARACTERS],
    )
    broadcasts.ring_on_commit(order.portfolio_id)


def next_look(order: LiveOrder, *, at: datetime) -> datetime | None:
    """When the broker is asked about it next; ``None`` where nothing can change any more.

    The longer nothing changed, the more seldom.
    """
    limits = settings.LIMITS
    status = Status(order.status)
    quiet = at - order.changed_at
    soon = timedelta(seconds=limits.live_order_unknown_look_seconds)
    if status is Status.UNKNOWN or (order.cancel_asked_at is not None and order.is_working):
        return at + min(max(soon, quiet / 10), timedelta(minutes=1))
    if status in {Status.ACCEPTED, Status.PARTIALLY_FILLED}:
        usual = timedelta(seconds=limits.live_order_look_seconds)
        return at + min(max(usual, quiet / 20), timedelta(minutes=5))
    if status is Status.NOT_RECEIVED:
        begun = order.sent_at or order.placed_at
        next_at = at + max(at - begun, timedelta(seconds=limits.live_order_lost_seconds))
        last = begun + timedelta(hours=limits.live_order_watch_hours)
        return next_at if next_at <= last else None
    return None


def event_of(
    order: LiveOrder, kind: type[kinds.LiveOrderEvent], *, at: datetime
) -> kinds.LiveOrderEvent:
    return kind(
        owner_id=order.portfolio.owner_id,
        occurred_at=at,
        live_order_id=order.id,
        portfolio_id=order.portfolio_id,
        connection_id=order.connection_id,
        connection_name=order.connection_name,
        symbol=order.instrument.symbol,
        side=order.side,
        type=order.type,
        quantity=order.quantity,
        notional=order.notional,
        filled_quantity=order.filled_quantity,
        currency=order.instrument.currency,
        reason=order.reason,
    )
