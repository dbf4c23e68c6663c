"""What is written when a split changes what orders are for: their rows, their holds, the news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from market.values import plain
from trading.changing.restatement import story
from trading.shards.batch_rows import Progress, run
from trading.shards.batches import Restated, WorkingOrder
from trading.shards.changes import Changes
from trading.shards.needed_holds import needed_hold
from trading.shards.shard import BookDiverged
from trading.states import Event, OrderClass

# Before what fills the order has, which the quantity of before may not hold.
UPDATE_RESTATED: Final = """
UPDATE trading_order AS o SET quantity = d.quantity, filled_before = d.filled_before,
    limit_price = CASE WHEN o.limit_price IS NOT NULL THEN d.worst_price END,
    worst_price = d.worst_price, stop_price = d.stop_price, trail_amount = d.trail_amount,
    water_mark = d.water_mark, units_from_splits = o.units_from_splits + d.units_from_splits
FROM unnest(%s::uuid[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[],
    %s::numeric[], %s::numeric[]) AS d (id, quantity, filled_before, worst_price, stop_price,
    trail_amount, water_mark, units_from_splits)
WHERE o.id = d.id
"""
FINISH_RESTATEMENTS: Final = """
UPDATE trading_splitrestatement AS r SET restated_at = %s
FROM unnest(%s::uuid[], %s::uuid[]) AS d (order_id, split_id)
WHERE r.order_id = d.order_id AND r.split_id = d.split_id AND r.restated_at IS NULL
"""


def apply_restatement(changes: Changes, step: Restated) -> None:
    """Take an order over to units of now, with what it has filled and what it holds.

    Raises:
        BookDiverged: it has filled something else than the book says.
    """
    order, progress = step.order, changes.progress[step.order.id]
    if progress.filled_quantity != step.before.filled_quantity:
        raise BookDiverged(f"order {order.id} has filled {progress.filled_quantity}")
    progress.filled_quantity = order.filled_quantity
    held = _needed_still(order, progress) if step.shared is None else step.shared
    _hold_anew(changes, progress, held)
    changes.move(
        progress,
        Event.RESTATED,
        details={
            "reason": story(step.before, order, step.split),
            "quantity": plain(order.quantity),
            "filled_quantity": plain(order.filled_quantity),
        },
    )


def _needed_still(order: WorkingOrder, progress: Progress) -> Decimal:
    """What it may use from now on, beyond what has filled."""
    return needed_hold(
        side=order.side,
        quantity=order.quantity - progress.filled_quantity,
        worst_price=order.worst_price,
        schedule=order.schedule,
        filled_amount=progress.filled_amount,
        filled_quantity=progress.filled_quantity,
    )


def _hold_anew(changes: Changes, progress: Progress, held: Decimal) -> None:
    """Say what the hold has from here on; what this batch did to it before counts no more."""
    hold_id = progress.order.hold_id
    changes.secured.pop(hold_id, None)
    sharing = [progress]
    if progress.order.order_class is not OrderClass.SIMPLE:
        sharing = [one for one in changes.progress.values() if one.order.hold_id == hold_id]
    for one in sharing:
        one.consumed = Decimal(0)
    progress.refilled_to = held


def update_restated(
    steps: Sequence[Restated], *, orders: Mapping[UUID, WorkingOrder], now: datetime
) -> None:
    """Write what orders are for now, and that they were restated for these splits."""
    grown: dict[UUID, Decimal] = {}  # units that splits made of what had filled
    for step in steps:
        units = step.order.filled_quantity - step.before.filled_quantity
        grown[step.order.id] = grown.get(step.order.id, Decimal(0)) + units
    run(
        UPDATE_RESTATED,
        rows=[
            (
                *(order_id, orders[order_id].quantity, orders[order_id].filled_before),
                *(orders[order_id].worst_price, orders[order_id].stop_price),
                *(orders[order_id].trail_amount, orders[order_id].water_mark, units),
            )
            for order_id, units in grown.items()
        ],
    )
    asked = [(step.order.id, step.split.split_id) for step in steps]
    run(FINISH_RESTATEMENTS, now, rows=asked)
