"""What orders of the pure floor are to be, from whole steps of the books."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from trading.shards.batches import PRICE_STEPS, QUANTITY_STEPS
from trading.states import OrderClass, OrderType, Side

COLLAR_STEPS: Final = 20


def price(steps: int) -> Decimal:
    return Decimal(steps) / PRICE_STEPS


def collar(side: Side) -> int:
    return COLLAR_STEPS if side is Side.BUY else -COLLAR_STEPS


def exits_of(group: OrderClass, kind: int, *, profit: int, loss: int) -> list[dict[str, Any]]:
    """What the exits of a group are to be, the take-profit before the stop-loss."""
    exits: list[dict[str, Any]] = []
    if group is OrderClass.BRACKET or (group is OrderClass.OTO and kind % 2):
        exits.append({"type": OrderType.LIMIT, "worst_price": price(profit)})
    if group is not OrderClass.OTO or not kind % 2:
        worst, stop = loss - COLLAR_STEPS, OrderType.STOP
        if kind // 6 % 2:
            worst, stop = loss - 3, OrderType.STOP_LIMIT
        exits.append({"type": stop, "worst_price": price(worst), "stop_price": price(loss)})
    return exits


def lots(size: int) -> Decimal:
    return Decimal(size) / QUANTITY_STEPS


def trail_of(offset: int) -> dict[str, Decimal | None]:
    if offset % 2:
        return {"trail_amount": price(2 + abs(offset)), "trail_pct": None}
    return {"trail_amount": None, "trail_pct": Decimal(1 + abs(offset)) / 100}
