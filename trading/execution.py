"""What a matched batch writes: fills, order states, events, entries, holds, lots, settlements.

One transaction, a fixed number of statements whatever the batch holds, all of it or nothing.
Rows are locked in the house's order: orders by id, then ledger balances by id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.identifiers import new_id
from market.calendar import local_date
from market.values import plain
from portfolio import bookkeeping, ledger
from portfolio.entries import EntryKind
from portfolio.holds import HoldChange
from trading.batch_rows import (
    NewEvent,
    NewFill,
    Progress,
    finish_commands,
    insert_events,
    insert_fills,
    lock_orders,
    update_orders,
    update_stops,
)
from trading.batches import (
    PRICE_STEPS,
    QUANTITY_STEPS,
    Batch,
    Ended,
    Matched,
    Parked,
    Step,
    Triggered,
    WorkingOrder,
)
from trading.broadcasts import News
from trading.commissions import SCHEDULES, fill_commission
from trading.matching import End, Trade
from trading.models.fills import Counterparty
from trading.settlement import trade_dates
from trading.shard import BookDiverged
from trading.signals import orders_changed
from trading.states import Event, Side, Status, next_status

REASONS: Final = {
    End.UNFILLED: "What could not fill at once was cancelled.",
    End.SELF_MATCH: "It would have traded with an order of the same owner.",
}
EXPIRED: Final = "The session it was for has closed."
REJECTED: Final = "The matcher could not carry it out."


@dataclass(slots=True)
class Changes:
    """Everything that one batch writes."""

    now: datetime
    progress: dict[UUID, Progress]
    fills: list[NewFill] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)

    def news(self) -> dict[UUID, News]:
        """What the watchers of each portfolio are to be told."""
        news: dict[UUID, News] = {}
        for progress in self.progress.values():
            told = news.setdefault(progress.order.portfolio_id, News(is_cash_changed=True))
            told.order_ids[progress.order.id] = None
        for fill in self.fills:
            news[fill.order.portfolio_id].fills[fill.id] = fill.order.id
        return news


def write_batch(batch: Batch, *, shard: int, now: datetime) -> Changes:
    """Commit what was matched.

    Raises:
        BookDiverged: the database has moved on from what the match started with.
    """
    with transaction.atomic():
        changes = Changes(now=now, progress=lock_orders(batch.orders, others=batch.moves))
        for step in batch.steps:
            _apply(changes, step)
        _check_against_books(changes, batch.steps)
        _write(changes, batch, shard=shard)
    return changes


def write_rejection(
    order: WorkingOrder, *, command_id: int, shard: int, sequence: int, now: datetime
) -> Changes:
    """End an order whose command cannot be carried out, and release its hold.

    A cancellation or expiry that cannot be carried out ends the order as cancelled.
    """
    with transaction.atomic():
        changes = Changes(now=now, progress=lock_orders({order.id: order}))
        progress = changes.progress[order.id]
        progress.reason = REJECTED
        if not progress.is_finished:
            is_in_book = progress.status in {Status.HELD, Status.NEW, Status.PARTIALLY_FILLED}
            _move(changes, progress, Event.CANCELED if is_in_book else Event.REJECTED)
        batch = Batch(sequences=[(command_id, sequence)])
        _write(changes, batch, shard=shard)
    return changes


def _apply(changes: Changes, step: Step) -> None:
    if isinstance(step, Parked):
        changes.progress[step.order_id].priority = step.sequence
        _move(changes, changes.progress[step.order_id], Event.HELD)
        return
    if isinstance(step, Triggered):
        progress = changes.progress[step.order.id]
        progress.priority = step.sequence
        _move(changes, progress, Event.TRIGGERED, details={"price": plain(step.price)})
        return
    if isinstance(step, Ended):
        progress = changes.progress[step.order_id]
        progress.reason = EXPIRED if step.event is Event.EXPIRED else ""
        _move(changes, progress, step.event, actor_id=step.command.actor_id)
        return
    outcome = step.outcome
    progress = changes.progress[outcome.order.id]
    if step.command is not None:
        progress.priority = step.sequence
    for trade in outcome.trades:
        _fill(changes, trade, quote_at=step.quote_at)
    if outcome.end.is_cancelled:
        progress.reason = REASONS[outcome.end]
        _move(changes, progress, Event.CANCELED)
    elif step.command is not None and not outcome.trades:
        _move(changes, progress, Event.ACCEPTED)


def _fill(changes: Changes, trade: Trade, *, quote_at: datetime | None) -> None:
    """Book a trade for the order that took and, of a cross, for the one that rested."""
    match_id = new_id()
    price = Decimal(trade.price) / PRICE_STEPS
    quantity = Decimal(trade.quantity) / QUANTITY_STEPS
    counterparty = Counterparty.STREET if trade.maker is None else Counterparty.USER
    for side in (trade.taker, trade.maker):
        if side is None:
            continue
        progress = changes.progress[side.id]
        fill = _new_fill(
            progress,
            match_id=match_id,
            price=price,
            quantity=quantity,
            counterparty=counterparty,
            quote_at=quote_at if trade.maker is None else None,
            now=changes.now,
        )
        changes.fills.append(fill)
        _advance(changes, progress, fill)


def _new_fill(
    progress: Progress,
    *,
    match_id: UUID,
    price: Decimal,
    quantity: Decimal,
    counterparty: Counterparty,
    quote_at: datetime | None,
    now: datetime,
) -> NewFill:
    order = progress.order
    fill_id = new_id()
    commission = fill_commission(
        SCHEDULES[order.schedule], amount_before=progress.filled_amount, amount=price * quantity
    )
    dates = trade_dates(local_date(now, order.listing.timezone), order.listing.mic)
    entry = ledger.trade_entry(
        entry_id=new_id(),
        portfolio_id=order.portfolio_id,
        kind=EntryKind.BUY if order.side is Side.BUY else EntryKind.SELL,
        external_id=f"fill:{fill_id}",
        occurred_at=now,
        currency=order.currency,
        instrument_id=order.instrument_id,
        quantity=quantity,
        unit_price=price,
        amount=price * quantity,
        fees=commission,
    )
    return NewFill(
        id=fill_id,
        match_id=match_id,
        order=order,
        quantity=quantity,
        price=price,
        commission=commission,
        counterparty=counterparty,
        quote_at=quote_at,
        trade_date=dates.trade_date,
        settlement_date=dates.settlement_date,
        entry=entry,
    )


def _advance(changes: Changes, progress: Progress, fill: NewFill) -> None:
    amount = fill.price * fill.quantity
    progress.filled_quantity += fill.quantity
    progress.filled_amount += amount
    is_buy = progress.order.side is Side.BUY
    progress.consumed += amount + fill.commission if is_buy else fill.quantity
    is_done = progress.filled_quantity == progress.order.quantity
    _move(
        changes,
        progress,
        Event.FILLED if is_done else Event.PARTLY_FILLED,
        details={
            "fill_id": str(fill.id),
            "quantity": plain(fill.quantity),
            "price": plain(fill.price),
        },
    )


def _move(
    changes: Changes,
    progress: Progress,
    event: Event,
    *,
    actor_id: UUID | None = None,
    details: dict[str, str] | None = None,
) -> None:
    progress.status = next_status(progress.status, event)
    facts = details or ({"reason": progress.reason} if progress.reason else {})
    changes.events.append(NewEvent(progress.order.id, event, progress.status, actor_id, facts))


def _check_against_books(changes: Changes, steps: Iterable[Step]) -> None:
    """Refuse to commit unless database and memory now agree on what each order has left."""
    for step in steps:
        if not isinstance(step, Matched):
            continue
        makers = [trade.maker for trade in step.outcome.trades if trade.maker is not None]
        for book_order in (step.outcome.order, *makers):
            progress = changes.progress[book_order.id]
            left = (progress.order.quantity - progress.filled_quantity) * QUANTITY_STEPS
            if left != book_order.remaining:
                raise BookDiverged(
                    f"order {book_order.id} has {left} left, the book says {book_order.remaining}"
                )


def _write(changes: Changes, batch: Batch, *, shard: int) -> None:
    entries = [fill.entry for fill in changes.fills]
    hold_changes = [
        HoldChange(order_id, consumed=progress.consumed, release_rest=progress.is_finished)
        for order_id, progress in changes.progress.items()
        if progress.consumed or progress.is_finished
    ]
    if entries or hold_changes:
        ledger.post_entries(entries, recorded_at=changes.now, hold_changes=hold_changes)
    if changes.fills:
        insert_fills(changes.fills, now=changes.now)
        bookkeeping.apply_trades(entries)
    if changes.progress:
        update_orders(changes.progress.values(), now=changes.now)
    triggered = [step for step in batch.steps if isinstance(step, Triggered)]
    if batch.moves or triggered:
        update_stops(batch.moves, triggered, shard=shard, now=changes.now)
    if changes.events:
        insert_events(changes.events, now=changes.now)
        orders_changed.send(sender=Changes, changes=changes)
    if batch.sequences:
        finished = finish_commands(batch.sequences, shard=shard, now=changes.now)
        if finished != len(batch.sequences):
            raise BookDiverged("another matcher has done some of these commands")
