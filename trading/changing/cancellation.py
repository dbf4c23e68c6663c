"""Taking working orders out: what a page, the API and a script call alike."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from trading.errors import OrderFinished, OrderUnknown
from trading.models import Order
from trading.order_entry.recording import queue_commands, record_events
from trading.shards import doorbell
from trading.states import CommandKind, Event, Status, next_status

EVERY: Final = Q()


def cancel_order(*, order_id: UUID, requested_at: datetime, actor_id: UUID | None = None) -> Order:
    """Ask the matcher to take an order out; it may still fill before that happens.

    The hold is released when the matcher has done it. Asking again changes nothing.

    Raises:
        OrderUnknown: there is no such order.
        OrderFinished: it has filled, or ended otherwise.
    """
    with transaction.atomic():
        found = _locked(Q(id=order_id))
        if not found:
            raise OrderUnknown(order_id)
        order = found[0]
        status = Status(order.status)
        if status in Status.terminal():
            raise OrderFinished(order_id=order.id, status=status)
        if status is Status.PENDING_REPLACE:
            # The one that is on its way to replace it would otherwise work in its stead.
            found += _locked(
                Q(portfolio_id=order.portfolio_id, status__in=Status.working(), replaces=order)
            )
        ask_to_cancel(found, requested_at=requested_at, actor_id=actor_id)
    return order


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of one order of many. ``is_new``: it was not being cancelled before."""

    order: Order  # with its instrument
    is_new: bool


@transaction.atomic
def cancel_orders(
    *,
    portfolio_id: UUID,
    requested_at: datetime,
    actor_id: UUID | None = None,
    among: Q = EVERY,
) -> list[Asked]:
    """Ask for every working order of a portfolio to be taken out; few statements for any number.

    Each may still fill before that happens. Asking again changes nothing.

    Args:
        among: leaves orders as they are that are not of this kind.
    """
    working = _locked(among & Q(portfolio_id=portfolio_id, status__in=Status.working()))
    newly = ask_to_cancel(working, requested_at=requested_at, actor_id=actor_id)
    new_ids = {one.id for one in newly}
    return [Asked(order, order.id in new_ids) for order in working]


def _locked(wanted: Q) -> list[Order]:
    """Orders in the house's order of locks; what has ended by then is not among the working."""
    found = Order.objects.filter(wanted).select_related("instrument")
    return list(found.select_for_update(no_key=True, of=("self",)).order_by("id"))


def ask_to_cancel(
    orders: Collection[Order],
    *,
    requested_at: datetime,
    actor_id: UUID | None = None,
    reason: str = "",
) -> list[Order]:
    """Ask for each that has not been asked for before; return those. The caller has locked them.

    Args:
        reason: to their owner, where it is the desk that asks.
    """
    newly = [order for order in orders if order.status != Status.PENDING_CANCEL]
    for order in newly:
        order.status = next_status(Status(order.status), Event.CANCEL_REQUESTED)
        order.updated_at = requested_at
    Order.objects.filter(id__in=[order.id for order in newly]).update(
        status=Status.PENDING_CANCEL, updated_at=requested_at
    )
    record_events(
        newly,
        kind=Event.CANCEL_REQUESTED,
        occurred_at=requested_at,
        actor_id=actor_id,
        details={"reason": reason} if reason else None,
    )
    queue_commands(newly, kind=CommandKind.CANCEL, created_at=requested_at, actor_id=actor_id)
    for instrument_id in {order.instrument_id for order in newly}:
        transaction.on_commit(partial(doorbell.ring, instrument_id))
    return newly
