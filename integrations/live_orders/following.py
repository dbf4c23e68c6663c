"""Asking brokers what became of orders: of those that work, and first of those nobody knows about.

A scheduled look finds what is due; each connection is looked at by a task of its own, so that a
slow broker holds up nobody else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from integrations.connections import syncing
from integrations.connections.broken_sessions import need_sign_in
from integrations.live_orders import states
from integrations.live_orders.placing import request_sending
from integrations.live_orders.recording import (
    Facts,
    locked_order,
    next_look,
    note,
    take_step,
)
from integrations.live_orders.sending import end_silent
from integrations.live_orders.states import Event, Status
from integrations.live_orders.telling import facts_of, told_event
from integrations.models import Connection, LiveOrder
from integrations.models.connections import SyncKind
from integrations.vault.errors import VaultError
from trading.broker_errors import BrokerBusy, BrokerError, DefiniteBrokerError, SignInNeeded
from trading.brokers import BrokerOrder, BrokerSession

Clock = Callable[[], datetime]
# What was taken to be looked at comes up again after this, should the worker die over it.
LEASE: Final = timedelta(seconds=60)
# A message that was not carried out within this is sent again.
OVERDUE: Final = timedelta(seconds=5)
FILLS: Final = frozenset({Event.PARTLY_FILLED, Event.FILLED})
NEVER: Final = "The broker was asked again and again, and has no such order."


def request_looks(*, at: datetime) -> int:
    """Have everything that is due looked at, and sent what still waits; how many connections."""
    end_silent(at=at)
    waiting = LiveOrder.objects.filter(status=Status.RECORDED, placed_at__lt=at - OVERDUE)
    for order_id in waiting.order_by("placed_at", "id").values_list("id", flat=True):
        request_sending(order_id)
    due = LiveOrder.objects.filter(look_at__lte=at, connection__in=reachable())
    ids = list(due.order_by().values_list("connection_id", flat=True).distinct())
    for connection_id in ids:
        request_look(connection_id)
    return len(ids)


def reachable() -> QuerySet[Connection]:
    """Connections whose broker may be asked."""
    return Connection.objects.enabled().filter(sign_in_needed_since=None)


def request_look(connection_id: UUID) -> None:
    from integrations.tasks import look_at_live_orders as task  # noqa: PLC0415 - tasks import us

    task.apply_async(kwargs={"connection_id": str(connection_id)}, retry=False)


def look(connection_id: UUID, *, clock: Clock) -> int:
    """Ask the broker about the orders of one connection that are due; return how many were."""
    orders = take_due(connection_id, at=clock())
    if not orders:
        return 0
    connection = Connection.objects.select_related("portfolio").get(id=connection_id)
    try:
        session = syncing.sign_in(connection)
        for order in orders:
            look_at(order, session, clock=clock)
    except SignInNeeded as error:
        need_sign_in(connection, str(error), at=clock())
    except BrokerBusy as error:
        put_off(orders, until=clock() + timedelta(seconds=error.retry_after_seconds))
    except (BrokerError, VaultError):
        # Its lease says when it is looked at again; that it is unknown still stands there.
        return len(orders)
    return len(orders)


@transaction.atomic
def take_due(connection_id: UUID, *, at: datetime) -> list[LiveOrder]:
    """What is due and nobody else has in hand, the longest waiting first."""
    rows = LiveOrder.objects.filter(
        connection_id=connection_id, connection__in=reachable(), look_at__lte=at
    )
    locked = rows.select_for_update(skip_locked=True, no_key=True, of=("self",))
    taken = list(locked.order_by("look_at", "id")[: settings.LIMITS.live_orders_per_look])
    LiveOrder.objects.filter(id__in=[one.id for one in taken]).update(look_at=at + LEASE)
    return taken


def put_off(orders: list[LiveOrder], *, until: datetime) -> None:
    """Those that were looked at meanwhile keep their time."""
    ids = [one.id for one in orders]
    LiveOrder.objects.filter(id__in=ids, look_at__isnull=False, look_at__lt=until).update(
        look_at=until
    )


def look_at(order: LiveOrder, session: BrokerSession, *, clock: Clock) -> None:
    """Look for the order at the broker by its id, and have it cancelled where that was asked for.

    Raises:
        BrokerError: the broker tells nothing of it now.
    """
    found = session.find_order(str(order.id))
    current = hear_of(order.id, found, at=clock())
    wants_cancel = current.cancel_asked_at is not None and current.cancel_sent_at is None
    if not (wants_cancel and current.is_at_the_broker):
        return
    try:
        session.cancel(current.broker_order_id)
    except SignInNeeded:
        raise
    except DefiniteBrokerError as error:
        refuse_cancel(order.id, str(error), at=clock())
    else:
        LiveOrder.objects.filter(id=order.id).update(cancel_sent_at=clock())
    hear_of(order.id, session.find_order(str(order.id)), at=clock())


@transaction.atomic
def hear_of(order_id: UUID, found: BrokerOrder | None, *, at: datetime) -> LiveOrder:
    """Write down what the broker has of an order; ``None`` where it has none."""
    order = locked_order(order_id)
    if found is not None:
        event, facts = told_event(found), facts_of(found)
    else:
        event, facts = Event.NOT_FOUND, Facts(reason=NEVER)
    is_sure = found is not None or is_lost(order, at=at)
    is_news = event is not Event.PARTLY_FILLED or facts.filled_quantity != order.filled_quantity
    if not (is_sure and is_news and states.may(order.status, event)):
        order.look_at = next_look(order, at=at)
        order.save(update_fields=["look_at"])
        return order
    take_step(order, event, at=at, facts=facts)
    if event in FILLS or order.filled_quantity:
        transaction.on_commit(partial(read_fills, order, at=at), robust=True)
    return order


def is_lost(order: LiveOrder, *, at: datetime) -> bool:
    begun = order.sent_at or order.placed_at
    return at - begun > timedelta(seconds=settings.LIMITS.live_order_lost_seconds)


@transaction.atomic
def refuse_cancel(order_id: UUID, reason: str, *, at: datetime) -> None:
    """The broker will not cancel it; what it is, the next look says."""
    order = locked_order(order_id)
    order.cancel_asked_at = None
    order.save(update_fields=["cancel_asked_at"])
    note(order, Event.CANCEL_REFUSED, at=at, reason=reason)


def read_fills(order: LiveOrder, *, at: datetime) -> None:
    """Have the fills read into the books as everything else that the broker tells."""
    if order.connection is not None and order.connection.is_enabled:
        syncing.request_sync(
            owner=order.portfolio.owner,
            connection_id=order.connection.id,
            kind=SyncKind.SYNC,
            requested_at=at,
            is_scheduled=True,
        )
