"""What a matched batch writes: fills, order states, events, entries, holds, lots, settlements.

One transaction, a fixed number of statements whatever the batch holds, all of it or nothing. They
are prepared, and an answer is waited for only where something depends on it.
Rows are locked in the house's order: orders by id, then ledger balances by id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from accounts.statement_flow import flowing_transaction
from portfolio import ledger
from portfolio.bookkeeping import lot_keeping
from trading.shards.batch_rows import (
    begin_awaiting,
    begin_finishing,
    begin_lock,
    insert_events,
    insert_fills,
    update_exits,
    update_orders,
    update_replaced,
    update_stops,
)
from trading.shards.batches import (
    QUANTITY_STEPS,
    Batch,
    Command,
    Matched,
    Reduced,
    Replaced,
    Restated,
    Step,
    Triggered,
    Woken,
    WorkingOrder,
)
from trading.shards.changes import Changes
from trading.shards.restated_orders import update_restated
from trading.shards.shard import BookDiverged
from trading.shards.steps import apply_step, restore
from trading.signals import orders_changed
from trading.states import TRANSITIONS, CommandKind, Event

REJECTED: Final = "The matcher could not carry it out."
NOT_RESTATED: Final = "A split took effect, and what it holds does not suffice for it any more."


def write_batch(batch: Batch, *, shard: int, now: datetime) -> Changes:
    """Commit what was matched.

    Raises:
        BookDiverged: the database has moved on from what the match started with.
    """
    with flowing_transaction():
        changes = _begin(batch, shard=shard, now=now)
        for step in batch.steps:
            apply_step(changes, step)
        _check_against_books(changes, batch.steps)
        _write(changes, batch, shard=shard)
    return changes


def write_rejection(
    command: Command,
    *,
    old: WorkingOrder | None,
    companions: Sequence[WorkingOrder],
    shard: int,
    sequence: int,
    now: datetime,
) -> Changes:
    """End an order whose command cannot be carried out, and release its hold.

    A cancellation or expiry that cannot be carried out ends the order as cancelled. One that was
    to take over from ``old`` leaves that, and those that belong to it, as they are; otherwise
    ``companions``, those that belong to the order, end with it.
    """
    order = command.order
    others = [old] if old else companions
    orders = {one.id: one for one in (order, *others)}
    reason = NOT_RESTATED if command.kind is CommandKind.RESTATE else REJECTED
    batch = Batch(orders=orders, sequences=[(command.id, sequence)])
    with flowing_transaction():
        changes = _begin(batch, shard=shard, now=now)
        progress = changes.progress[order.id]
        progress.reason = reason
        if not progress.is_finished:
            is_in_book = (progress.status, Event.REJECTED) not in TRANSITIONS
            changes.move(progress, Event.CANCELED if is_in_book else Event.REJECTED)
        for companion in companions if old is None else ():
            beside = changes.progress[companion.id]
            if not beside.is_finished:
                beside.reason = reason
                changes.move(beside, Event.CANCELED)
        if old is not None:
            restore(changes, old, reason=reason, actor_id=command.actor_id)
        _write(changes, batch, shard=shard)
    return changes


def _begin(batch: Batch, *, shard: int, now: datetime) -> Changes:
    """Lock the orders, number the commands, and see how everything stands."""
    lock = begin_lock(batch.orders, others=batch.moves)
    finish = begin_finishing(batch.sequences, shard=shard, now=now)
    awaiting = begin_awaiting(batch.orders)
    changes = Changes(now=now, progress=lock())
    if finish() != len(batch.sequences):
        raise BookDiverged("another matcher has done some of these commands")
    changes.awaiting = awaiting()
    return changes


def _check_against_books(changes: Changes, steps: Iterable[Step]) -> None:
    """Refuse to commit unless database and memory now agree on what each order has left."""
    noted: dict[UUID, int] = {}  # in the end, by order
    for step in steps:
        if isinstance(step, Matched):
            noted[step.outcome.order_id] = step.outcome.left
            for trade in step.outcome.trades:
                if trade.maker_id is not None:
                    noted[trade.maker_id] = trade.maker_left
        elif isinstance(step, Restated):
            noted[step.order.id] = step.order.for_book().remaining
    for order_id, in_book in noted.items():
        progress = changes.progress[order_id]
        left = (progress.order.quantity - progress.filled_quantity) * QUANTITY_STEPS
        if left != in_book:
            raise BookDiverged(f"order {order_id} has {left} left, the book says {in_book}")


def _write(changes: Changes, batch: Batch, *, shard: int) -> None:
    apply_trades = _post(changes)
    if changes.fills:
        insert_fills(changes.fills, now=changes.now)
    _write_orders(changes, batch, shard=shard)
    if changes.events:
        insert_events(changes.events, now=changes.now)
        orders_changed.send(sender=Changes, changes=changes)
    apply_trades()


def _post(changes: Changes) -> Callable[[], None]:
    """Write entries and holds; the answer applies the trades, for which it has asked by then."""
    entries = [fill.entry for fill in changes.fills]
    hold_changes = changes.hold_changes()
    if not entries and not hold_changes:
        return lambda: None
    post = ledger.begin_posting(entries, recorded_at=changes.now, hold_changes=hold_changes)
    apply_trades = lot_keeping.begin_trades(entries)
    post()
    return partial(apply_trades, entries)


def _write_orders(changes: Changes, batch: Batch, *, shard: int) -> None:
    """Write how the orders stand after all steps, in an order that each check allows."""
    if restated := [step for step in batch.steps if isinstance(step, Restated)]:
        update_restated(restated, orders=batch.orders, now=changes.now)
    if changes.progress:
        update_orders(changes.progress.values(), now=changes.now)
    if replaced := [step for step in batch.steps if isinstance(step, Replaced)]:
        update_replaced(replaced, orders=batch.orders)
    awake = [step for step in batch.steps if isinstance(step, Woken | Reduced)]
    if awake:
        update_exits(awake, orders=batch.orders, shard=shard, now=changes.now)
    triggered = [step for step in batch.steps if isinstance(step, Triggered)]
    if batch.moves or triggered:
        update_stops(batch.moves, triggered, orders=batch.orders, shard=shard, now=changes.now)
