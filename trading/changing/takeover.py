"""Whether one order may take over from another, and with what. Pure.

The quantity asked for counts all that was ordered, also what the old order has filled. What it
fills while the request is on its way is taken off what the new one is for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from trading.shards.batches import QUANTITY_STEPS, WorkingOrder
from trading.states import OrderClass


@dataclass(frozen=True, slots=True)
class Takeover:
    """``keeps_place``: nothing but the quantity changes, and that does not grow."""

    order: WorkingOrder
    keeps_place: bool


class NoTakeover(Exception):
    """The old order stays as it is; the text says why, to the investor."""


def take_over(
    old: WorkingOrder | None,
    new: WorkingOrder,
    *,
    remaining: int,
    now: datetime,
    is_halted: bool = False,
) -> tuple[WorkingOrder, Takeover]:
    """The old order, and the new one as it enters the book.

    Args:
        old: ``None`` when it has come to its end.
        remaining: what the old order has left, in the steps of the books.

    Raises:
        NoTakeover: too much has happened meanwhile.
    """
    if old is None:
        raise NoTakeover("The order that it was to replace came to its end first.")
    if is_halted:
        raise NoTakeover("Trading in its instrument was halted first.")
    if old.is_triggered != new.is_triggered:
        raise NoTakeover("The order that it was to replace was triggered first.")
    if new.expires_at is not None and new.expires_at <= now:
        raise NoTakeover("The session it was for has closed.")
    left = Decimal(remaining) / QUANTITY_STEPS
    filled = old.quantity - left
    if old.is_entry and filled:
        raise NoTakeover("The order that it was to replace has begun to fill first.")
    # An exit is for what its partner leaves, whatever was asked.
    is_exit = old.order_class is not OrderClass.SIMPLE and not old.is_entry
    quantity = left if is_exit else new.quantity + new.filled_before - filled
    if quantity <= 0:
        raise NoTakeover("The order that it was to replace has filled as much first.")
    taken = replace(
        new,
        quantity=quantity,
        filled_before=filled,
        is_dormant=old.is_dormant,
        # Whom it belongs to may have been replaced since it was asked for.
        parent_id=old.parent_id,
    )
    # One that sleeps has no turn to lose.
    is_same_price = _price_terms(old) == _price_terms(new)
    return old, Takeover(taken, old.is_dormant or (quantity <= left and is_same_price))


def _price_terms(order: WorkingOrder) -> tuple[object, ...]:
    """All that decides on when and at which price an order may trade."""
    return (
        *(order.type, order.time_in_force, order.worst_price, order.is_triggered),
        *(order.trail_amount, order.trail_pct),
        # That of a trailing stop follows the market.
        None if order.is_trailing else order.stop_price,
    )
