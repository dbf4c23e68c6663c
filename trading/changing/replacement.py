"""Asking the matcher to let a changed order take over: what a page, the API and a script call."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from portfolio import holds
from portfolio.errors import InsufficientFunds, InsufficientUnits
from portfolio.models import Hold
from trading import pretrade
from trading.changing.replacement_drafts import Changes, draft_replacement
from trading.errors import (
    DuplicateClientOrderId,
    OrderBusy,
    OrderDenied,
    OrderFinished,
    OrderUnknown,
)
from trading.models import Order, SplitRestatement
from trading.order_entry.recording import queue_commands, record_events
from trading.order_entry.stops import recording_orders
from trading.placing.given_terms import as_given
from trading.shards import doorbell
from trading.shards.needed_holds import needed_hold
from trading.states import CommandKind, Event, Side, Status, next_status

__all__ = ["Changes", "OrderBusy", "replace_order"]


@transaction.atomic
def replace_order(
    *, order_id: UUID, changes: Changes, requested_at: datetime, actor_id: UUID | None = None
) -> Order:
    """Record the order that is to take over, and queue that for the matcher.

    The old order works on, as ``pending_replace``, until the matcher comes to it. What fills
    meanwhile is taken off the new one; where nothing is left for it, it ends as rejected. Until
    then both hold together what the larger of them needs.

    Repeating it under the same ``client_order_id`` returns the order made before.

    Raises:
        OrderUnknown: there is no such order.
        OrderFinished: it has come to its end.
        OrderBusy: it is being cancelled or replaced already, or adjusted to a split.
        OrderDenied: a check refused the new order; see ``problems``.
        DuplicateClientOrderId: the id belongs to another order of the portfolio.
    """
    old = Order.objects.select_for_update(no_key=True).filter(id=order_id).first()
    if old is None:
        raise OrderUnknown(order_id)
    if earlier := _earlier(old, changes):
        return earlier
    _refuse_unless_working(old)
    order = draft_replacement(old, changes, requested_at=requested_at)
    if not old.is_exit:
        _reserve(old, order, requested_at=requested_at)
    with recording_orders():
        order.save(force_insert=True)
    _record(old, order, requested_at=requested_at, actor_id=actor_id)
    transaction.on_commit(lambda: doorbell.ring(order.instrument_id))
    return order


def _earlier(old: Order, changes: Changes) -> Order | None:
    """The order made before under the client order id, if it is the same replacement."""
    if changes.client_order_id is None:
        return None
    found = Order.objects.filter(
        portfolio_id=old.portfolio_id, client_order_id=changes.client_order_id
    ).first()
    if found is None:
        return None
    asked = {
        name: value
        for name in ("limit_price", "stop_price", "trail_amount", "trail_pct", "time_in_force")
        if (value := getattr(changes, name)) is not None
    }
    given = as_given(found)
    is_same = found.replaces_id == old.id and all(
        getattr(given, name) == value for name, value in asked.items()
    )
    if changes.quantity is not None:
        is_same = is_same and given.quantity + given.filled_before == changes.quantity
    if not is_same:
        raise DuplicateClientOrderId(client_order_id=changes.client_order_id, order_id=found.id)
    return found


def _refuse_unless_working(old: Order) -> None:
    status = Status(old.status)
    if status in Status.terminal():
        raise OrderFinished(order_id=old.id, status=status, wish="replaced")
    is_on_its_way = old.replaces_id is not None and old.priority is None
    if is_on_its_way or status in {Status.PENDING_CANCEL, Status.PENDING_REPLACE}:
        raise OrderBusy(order_id=old.id, status=status)
    # The new order would be drafted in units of before, and take over in units of after.
    if SplitRestatement.objects.filter(order=old, restated_at=None).exists():
        raise OrderBusy(order_id=old.id, status="being adjusted to a split")


def _reserve(old: Order, order: Order, *, requested_at: datetime) -> None:
    """Hold what the new order needs and the old one does not hold for it already.

    The old order may fill anything between nothing and all of what it has left before the new
    one takes over. What is missing then is most at one of the two ends.

    Raises:
        OrderDenied: so much is not available any more.
    """
    side = Side(order.side)

    def need(quantity: Decimal) -> Decimal:
        return needed_hold(
            side=side,
            quantity=max(quantity, Decimal(0)),
            worst_price=order.worst_price,
            schedule=order.commission_schedule,
        )

    held = Hold.objects.get(reference=old.id)
    now = need(order.quantity)
    missing = max(now - held.remaining, need(order.quantity - old.remaining_quantity), Decimal(0))
    try:
        holds.place_hold(
            balance_id=held.balance_id,
            reference=order.id,
            amount=now,
            held_elsewhere=now - missing,
            placed_at=requested_at,
        )
    except InsufficientFunds as error:
        problem = pretrade.short_of_cash(
            needed=held.remaining + missing,
            available=error.available + held.remaining,
            currency=error.currency,
        )
        raise OrderDenied([problem]) from error
    except InsufficientUnits as error:
        problem = pretrade.short_of_units(
            needed=held.remaining + missing,
            available=error.available + held.remaining,
            symbol=old.instrument.symbol,
        )
        raise OrderDenied([problem]) from error


def _record(old: Order, order: Order, *, requested_at: datetime, actor_id: UUID | None) -> None:
    """Write what both orders are to be told, and the command."""
    old.status = next_status(Status(old.status), Event.REPLACE_REQUESTED)
    old.updated_at = requested_at
    old.save(update_fields=["status", "updated_at"])
    record_events(
        [old],
        kind=Event.REPLACE_REQUESTED,
        occurred_at=requested_at,
        actor_id=actor_id,
        details={"by": str(order.id)},
    )
    record_events(
        [order],
        kind=Event.PLACED,
        occurred_at=requested_at,
        actor_id=actor_id,
        details={"replaces": str(old.id)},
    )
    queue_commands([order], kind=CommandKind.REPLACE, created_at=requested_at, actor_id=actor_id)
