"""A split the slow way: in fractions, as ``docs/orders.md`` tells it and FINRA rule 5330 has it.

No price comes nearer to the market, what is left and what had filled are each rounded down to the
lot, and whatever cannot be adjusted ends with all that belongs to it. A tick and a lot are one
step of the books here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tests.trading.plain_orders import ASLEEP, Plain
from trading.states import OrderType

TOO_FAR = 2  # what rounding halves or doubles was meant for something else


@dataclass(frozen=True)
class AfterSplit:
    """What an order is for afterwards."""

    quantity: int
    filled: int
    limit: int
    stop: int | None
    trail: tuple[int, int]
    heard: list[int]


def restate_together(group: Sequence[Plain], ratio: Fraction) -> None:
    """Adjust an order and all that belong to it, or end them.

    Args:
        group: those that have not come to their end; an entry comes first.
        ratio: units of now for one of before.
    """
    after = [after_split(order, ratio) for order in group]
    if any(one is None for one in after):
        for order in group:
            order.end = "canceled"
        return
    for order, one in zip(group, after, strict=True):
        assert one is not None
        order.quantity, order.filled, order.limit = one.quantity, one.filled, one.limit
        order.stop, order.trail, order.heard = one.stop, one.trail, one.heard
        order.held = order.limit * order.left
    if group[0].is_entry:
        for leg in group[1:]:
            leg.quantity = group[0].quantity if leg.place == ASLEEP else leg.quantity


def after_split(order: Plain, ratio: Fraction) -> AfterSplit | None:
    """The order in units of now; ``None`` where it cannot stand."""
    left, filled = math.floor(order.left * ratio), math.floor(order.filled * ratio)
    if ratio < 1 or not left:
        return None
    lower, higher = math.floor, math.ceil
    away = lower if order.is_buy else higher  # of a limit: pays no more, takes no less
    limit = away(order.limit / ratio)
    prices = [(order.limit / ratio, limit)]
    stop, (amount, parts), heard = order.stop, order.trail, order.heard
    if order.is_stop:
        behind = higher if order.is_buy else lower
        trails = bool(amount or parts)
        if stop is not None and not trails:
            prices.append((stop / ratio, behind(stop / ratio)))
            stop = prices[-1][1]
        if amount:
            prices.append((amount / ratio, higher(amount / ratio)))
            amount = prices[-1][1]
        if heard:
            mark = min(heard) if order.is_buy else max(heard)
            heard = [max(behind(mark / ratio), 1)]
    if any(not rounded or is_too_far(exact, rounded) for exact, rounded in prices):
        return None
    is_fixed_buy = order.is_stop and order.is_buy and order.kind is OrderType.STOP
    if is_fixed_buy and stop is not None and stop > limit:
        return None  # triggered, it could never fill
    return AfterSplit(filled + left, filled, limit, stop, (amount, parts), heard)


def is_too_far(exact: Fraction, rounded: int) -> bool:
    least, most = sorted((exact, Fraction(rounded)))
    return most >= TOO_FAR * least
