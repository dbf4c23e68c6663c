"""What an order must have reserved, that all it may still do is paid for. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from trading.commissions import fill_commission, schedule_of
from trading.states import Side

NOTHING: Final = Decimal(0)


def needed_hold(
    *,
    side: Side,
    quantity: Decimal,
    worst_price: Decimal,
    schedule: str,
    filled_amount: Decimal = NOTHING,
    filled_quantity: Decimal = NOTHING,
) -> Decimal:
    """What an order may use at most: units for a sale, cash with its charges for a buy.

    Args:
        quantity: units that it has left to trade.
        worst_price: in the order's currency, per unit.
        schedule: by which it is charged, as ``schedule_of`` reads it.
        filled_amount: what it has traded already, in its currency; charged for, so not again.
        filled_quantity: the units of that.
    """
    if side is Side.SELL:
        return quantity
    amount = worst_price * quantity
    return amount + fill_commission(
        schedule_of(schedule),
        amount_before=filled_amount,
        quantity_before=filled_quantity,
        amount=amount,
        quantity=quantity,
    )
