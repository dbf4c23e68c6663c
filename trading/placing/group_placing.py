"""Recording an order together with its exits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from accounts.identifiers import new_id
from portfolio import holds
from portfolio.bookkeeping.balances import ensure_balances
from portfolio.bookkeeping.entries import BalanceKey
from trading.models import Order
from trading.order_entry.recording import queue_commands, record_events
from trading.order_entry.stops import recording_orders
from trading.placing.sizing import collared
from trading.placing.tickets import OrderTicket, Rules, Terms
from trading.states import CommandKind, Event, OrderClass, OrderType, Side, Status


class _NotRecorded(Exception):
    """The entry was not recorded, so neither are its exits."""

    def __init__(self, outcome: str) -> None:
        self.outcome = outcome


def record_group(
    order: Order, exits: Sequence[Order], *, actor_id: UUID | None, record: Callable[[], str]
) -> str:
    """Record exits before the order they belong to, all of them or none; say what it said.

    The matcher then knows of the exits when it comes to the order.

    Args:
        record: records the order itself; anything but ``"placed"`` undoes the exits.
    """
    try:
        with transaction.atomic():
            _record_exits(order, exits, actor_id=actor_id)
            outcome = record()
            if outcome != "placed":
                raise _NotRecorded(outcome)
            Order.objects.filter(id=order.id).update(order_class=order.order_class)
    except _NotRecorded as refusal:
        return refusal.outcome
    return "placed"


def _record_exits(order: Order, exits: Sequence[Order], *, actor_id: UUID | None) -> None:
    with recording_orders():
        Order.objects.bulk_create(exits)
    placed = order.submitted_at
    record_events(
        exits,
        kind=Event.PLACED,
        occurred_at=placed,
        actor_id=actor_id,
        details={"follows": str(order.id)},
    )
    queue_commands(exits, kind=CommandKind.PLACE, created_at=placed, actor_id=actor_id)
    if order.order_class != OrderClass.OCO:
        key = BalanceKey(order.portfolio_id, "", order.instrument_id)
        # Nothing is held yet: what the entry buys is, as it comes.
        holds.place_hold(
            balance_id=ensure_balances({key})[key],
            reference=exits[0].id,
            amount=order.quantity,
            held_elsewhere=order.quantity,
            placed_at=placed,
        )


def make_exits(order: Order, ticket: OrderTicket, *, terms: Terms, rules: Rules) -> list[Order]:
    """The orders that sell what the entry buys, or that stand beside an OCO's take-profit."""
    exits = []
    if ticket.take_profit is not None:
        exits.append(_make_exit(order, limit=ticket.take_profit, worst=ticket.take_profit))
    if (stop := ticket.stop_loss) is not None:
        limit = ticket.stop_loss_limit
        worst = limit or collared(stop, Side.SELL, terms, rules)
        exits.append(_make_exit(order, limit=limit, stop=stop, worst=worst))
    shared = order.id if ticket.order_class is OrderClass.OCO else None
    for one in exits:
        one.hold_reference = shared
        shared = shared or one.id
    return exits


def _make_exit(
    order: Order, *, worst: Decimal, limit: Decimal | None = None, stop: Decimal | None = None
) -> Order:
    kind = OrderType.LIMIT
    if stop is not None:
        kind = OrderType.STOP if limit is None else OrderType.STOP_LIMIT
    order_id = new_id()
    return Order(
        id=order_id,
        portfolio_id=order.portfolio_id,
        instrument_id=order.instrument_id,
        client_order_id=str(order_id),
        side=Side.SELL.value,
        type=kind.value,
        time_in_force=order.time_in_force,
        status=Status.PENDING_NEW.value,
        quantity=order.quantity,
        limit_price=limit,
        stop_price=stop,
        worst_price=worst,
        commission_schedule=order.commission_schedule,
        order_class=order.order_class,
        parent_id=order.id,
        submitted_at=order.submitted_at,
        updated_at=order.updated_at,
        expires_at=order.expires_at,
    )
