"""What each step of a matched batch means for the orders it touches."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from accounts.identifiers import new_id
from market.calendar import local_date
from market.values import plain
from portfolio import ledger
from portfolio.bookkeeping.entries import EntryKind
from trading.commissions import fill_commission, schedule_of
from trading.matching import End, Trade
from trading.models.fills import ENTRY_OF_FILL, Counterparty
from trading.settlement import trade_dates
from trading.shards.batch_rows import NewFill, Progress
from trading.shards.batches import (
    PRICE_STEPS,
    QUANTITY_STEPS,
    Ended,
    EndedWith,
    Halted,
    Matched,
    NotReplaced,
    OfGroup,
    OfReplacement,
    Parked,
    Reduced,
    Replaced,
    Restated,
    Secured,
    Step,
    Triggered,
    WorkingOrder,
)
from trading.shards.changes import Changes
from trading.shards.needed_holds import needed_hold
from trading.shards.restated_orders import apply_restatement
from trading.shards.shard import BookDiverged
from trading.states import (
    CommandKind,
    Event,
    Side,
    Status,
    next_status,
    standing_status,
    status_back,
)

REASONS: Final = {
    End.UNFILLED: "What could not fill at once was cancelled.",
    End.SELF_MATCH: "It would have traded with an order of the same owner.",
    End.AUCTION_OVER: "What could not fill in the auction was cancelled.",
}
ENDINGS: Final = {
    Event.EXPIRED: "The session it was for has closed.",
    Event.DENIED: "Trading in its instrument was halted before its turn came.",
}


def apply_step(changes: Changes, step: Step) -> None:
    if isinstance(step, OfReplacement):
        _apply_replacement(changes, step)
        return
    if isinstance(step, OfGroup):
        _apply_to_group(changes, step)
        return
    if isinstance(step, Parked):
        changes.progress[step.order_id].priority = step.sequence
        changes.move(changes.progress[step.order_id], Event.HELD)
        return
    if isinstance(step, Triggered):
        progress = changes.progress[step.order.id]
        progress.priority = step.sequence
        changes.move(progress, Event.TRIGGERED, details={"price": plain(step.price)})
        return
    if isinstance(step, Ended):
        progress = changes.progress[step.order_id]
        progress.reason = ENDINGS.get(step.event, "")
        if step.event is Event.CANCELED and step.command.kind is CommandKind.EXPIRE:
            progress.reason = "Its auction did not take place."
        changes.move(progress, step.event, actor_id=step.command.actor_id)
        return
    if isinstance(step, Halted):
        _heed_halt(changes, step.order)
        return
    if isinstance(step, Restated):
        apply_restatement(changes, step)
        return
    _apply_match(changes, step)


def _apply_match(changes: Changes, step: Matched) -> None:
    outcome = step.outcome
    progress = changes.progress[outcome.order_id]
    if step.command is not None:
        progress.priority = step.sequence
    for trade in outcome.trades:
        _fill(changes, trade, quote_at=step.quote_at)
    if outcome.end.is_cancelled:
        progress.reason = REASONS[outcome.end]
        changes.move(progress, Event.CANCELED)
    elif outcome.end is End.QUEUED:
        changes.move(progress, Event.QUEUED)
    elif step.command is not None and not outcome.trades:
        changes.move(progress, Event.ACCEPTED)
    elif progress.status is Status.ACCEPTED:
        changes.move(progress, Event.OPENED)


def _heed_halt(changes: Changes, order: WorkingOrder) -> None:
    progress = changes.progress[order.id]
    if order.is_suspended:
        changes.move(progress, Event.SUSPENDED)
        return
    if progress.status is Status.SUSPENDED:
        standing = _standing(order, progress)
        progress.status = status_back(progress.status, Event.RESUMED, standing=standing)
    changes.note(progress, Event.RESUMED, actor_id=None, details={})


def _standing(order: WorkingOrder, progress: Progress) -> Status:
    """Where an order stands when nothing is asked of it."""
    return standing_status(
        is_held=order.waits_for_stop or order.is_dormant,
        has_filled=bool(progress.filled_quantity),
        is_queued=order.is_queued,
        is_suspended=order.is_suspended,
    )


def _apply_replacement(changes: Changes, step: OfReplacement) -> None:
    if isinstance(step, Replaced):
        _take_over(changes, step)
    else:
        _refuse_takeover(changes, step)


def _apply_to_group(changes: Changes, step: OfGroup) -> None:
    """What an order did to those that belong to it."""
    if isinstance(step, Secured):
        changes.secure(step.hold_id, step.quantity)
        return
    if isinstance(step, EndedWith):
        progress = changes.progress[step.order_id]
        progress.reason = step.reason
        changes.move(progress, step.event)
        return
    progress = changes.progress[step.order.id]
    details = {"quantity": plain(step.order.quantity)}
    if isinstance(step, Reduced):
        changes.move(progress, Event.REDUCED, details=details)
        return
    progress.priority = step.sequence
    event = Event.ARMED if step.order.waits_for_stop else Event.ACTIVATED
    changes.move(progress, event, details=details)


def _take_over(changes: Changes, step: Replaced) -> None:
    """End the old order; what it held goes over to the new one, as far as that needs it."""
    old, order = changes.progress[step.old_id], step.order
    if old.filled_quantity != order.filled_before:
        raise BookDiverged(f"order {step.old_id} has filled {old.filled_quantity}")
    changes.move(
        old,
        Event.REPLACED,
        actor_id=step.command.actor_id,
        details={"replaced_by": str(order.id)},
    )
    if order.shares_hold:
        return  # what the old order held is held for this one already
    changes.progress[order.id].refilled_to = needed_hold(
        side=order.side,
        quantity=order.quantity,
        worst_price=order.worst_price,
        schedule=order.schedule,
    )


def _refuse_takeover(changes: Changes, step: NotReplaced) -> None:
    new = changes.progress[step.order_id]
    new.reason = step.reason
    changes.move(new, Event.REJECTED)
    if step.old is not None:
        restore(changes, step.old, reason=step.reason, actor_id=step.command.actor_id)


def restore(changes: Changes, old: WorkingOrder, *, reason: str, actor_id: UUID | None) -> None:
    """Let an order go on that was to be replaced."""
    progress = changes.progress[old.id]
    if progress.status is Status.PENDING_REPLACE:
        standing = _standing(old, progress)
        progress.status = status_back(progress.status, Event.REPLACE_REJECTED, standing=standing)
    else:
        progress.status = next_status(progress.status, Event.REPLACE_REJECTED)
    changes.note(progress, Event.REPLACE_REJECTED, actor_id=actor_id, details={"reason": reason})


def _fill(changes: Changes, trade: Trade, *, quote_at: datetime | None) -> None:
    """Book a trade for the order that took and, of a cross, for the one that rested."""
    match_id = new_id()
    price = Decimal(trade.price) / PRICE_STEPS
    quantity = Decimal(trade.quantity) / QUANTITY_STEPS
    counterparty = Counterparty.STREET if trade.maker_id is None else Counterparty.USER
    for order_id in (trade.taker_id, trade.maker_id):
        if order_id is None:
            continue
        progress = changes.progress[order_id]
        fill = _new_fill(
            progress,
            match_id=match_id,
            price=price,
            quantity=quantity,
            counterparty=counterparty,
            quote_at=quote_at if trade.maker_id is None else None,
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
        schedule_of(order.schedule),
        amount_before=progress.filled_amount,
        quantity_before=progress.filled_quantity,
        amount=price * quantity,
        quantity=quantity,
    )
    dates = trade_dates(local_date(now, order.listing.timezone), order.listing.mic)
    entry = ledger.trade_entry(
        entry_id=new_id(),
        portfolio_id=order.portfolio_id,
        kind=EntryKind.BUY if order.side is Side.BUY else EntryKind.SELL,
        external_id=f"{ENTRY_OF_FILL}{fill_id}",
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
    changes.move(
        progress,
        Event.FILLED if is_done else Event.PARTLY_FILLED,
        details={
            "fill_id": str(fill.id),
            "quantity": plain(fill.quantity),
            "price": plain(fill.price),
        },
    )
