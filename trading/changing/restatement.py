"""What an order is after a split of its instrument. Pure.

As FINRA rule 5330 has it: the quantity grows by the ratio and is rounded down to whole lots; the
limit of a buy and the stop of a sale shrink by it and are rounded down to the tick. The rule leaves
the limits of sales and the stops of buys to the broker: here they shrink as well, rounded up. So no
price moves towards the market. At a reverse split every order ends, as that rule says too.

What had filled is restated with the rest, as FIX does (``ExecType`` D): filled and ordered
quantity stay comparable, and so do the average price and the limit.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_UP, Decimal
from typing import Final

from market.values import plain
from trading.placing.sizing import on_grid
from trading.shards.batches import WorkingOrder
from trading.shards.split_terms import SplitTerms
from trading.states import OrderType, Side

ONE: Final = Decimal(1)


class NotRestated(Exception):
    """The order cannot stand after the split; the text says why, to the investor."""


def restate(
    order: WorkingOrder, *, left: Decimal, mark: int | None, split: SplitTerms, band_factor: int
) -> WorkingOrder:
    """The order in units of now.

    Args:
        left: units of before that it has left.
        mark: the best price that its trailing stop has heard, in steps of the books.
        band_factor: rounding to the tick may move no price by as much.

    Raises:
        NotRestated: it is a reverse split, or leaves less than a lot or no price on the ticks.
    """
    if split.is_reverse:
        raise NotRestated(f"{split.words}, and orders of before end with a reverse split.")
    lot, is_buy = order.listing.lot_size, order.side is Side.BUY
    remaining = on_grid(split.units(left), lot, ROUND_DOWN)
    if not remaining:
        raise NotRestated(f"{split.words}; what was left of the order is less than a lot.")
    filled = on_grid(split.units(order.quantity - left), lot, ROUND_DOWN)

    def price(value: Decimal, *, rounding: str) -> Decimal:
        return _price(value, split, rounding, order.listing.tick_size, band_factor)

    def awaited(value: Decimal | None, *, rounding: str) -> Decimal | None:
        if value is None:
            return None
        if order.is_triggered:
            return _as_it_was(value, split, rounding, order.listing.tick_size)
        return price(value, rounding=rounding)

    limits, stops = (ROUND_DOWN, ROUND_UP) if is_buy else (ROUND_UP, ROUND_DOWN)
    restated = replace(
        order,
        quantity=filled + remaining,
        filled_quantity=filled,
        filled_before=on_grid(split.units(order.filled_before), lot, ROUND_DOWN),
        worst_price=price(order.worst_price, rounding=limits),
        stop_price=awaited(order.stop_price, rounding=stops),
        trail_amount=awaited(order.trail_amount, rounding=ROUND_UP),
    ).following(None if mark is None else _mark(mark, split, is_buy=is_buy))
    _refuse_out_of_reach(restated, split)
    return restated


def story(before: WorkingOrder, after: WorkingOrder, split: SplitTerms) -> str:
    """What a split did to an order, for whoever owns it."""
    changes = [
        _change("quantity", before.quantity, after.quantity),
        _change("filled", before.filled_quantity, after.filled_quantity),
        _change("limit", before.worst_price, after.worst_price) if before.type.has_limit else "",
        _change("stop", before.stop_price, after.stop_price),
        _change("trail", before.trail_amount, after.trail_amount),
    ]
    return f"{split.words}: {', '.join(one for one in changes if one)}."


def _change(name: str, before: Decimal | None, after: Decimal | None) -> str:
    if not before or after is None or after == before:
        return ""
    return f"{name} {plain(before)} → {plain(after)}"


def _price(
    value: Decimal, split: SplitTerms, rounding: str, tick_size: Decimal, band_factor: int
) -> Decimal:
    exact = split.price(value)
    rounded = on_grid(exact, tick_size, rounding)
    if not rounded or max(rounded, exact) >= min(rounded, exact) * band_factor:
        raise NotRestated(
            f"{split.words}, and {plain(value)} divided by it is too far from any"
            f" multiple of {plain(tick_size)}."
        )
    return rounded


def _as_it_was(value: Decimal, split: SplitTerms, rounding: str, tick_size: Decimal) -> Decimal:
    """What a stop waited for that was triggered, in prices of now: it decides on nothing more."""
    return max(on_grid(split.price(value), tick_size, rounding), tick_size)


def _mark(mark: int, split: SplitTerms, *, is_buy: bool) -> int:
    """The best price heard, from which the stop stands no nearer to the market than it did."""
    exact = split.price(Decimal(mark))
    return max(int(exact.quantize(ONE, ROUND_CEILING if is_buy else ROUND_FLOOR)), 1)


def _refuse_out_of_reach(order: WorkingOrder, split: SplitTerms) -> None:
    """A stop that buys at the market needs room between its stop price and its worst price.

    One that trails may have left its worst price behind before.
    """
    stop = order.stop_price
    is_buying_stop = order.side is Side.BUY and order.type is OrderType.STOP
    if is_buying_stop and not order.is_triggered and stop is not None and stop > order.worst_price:
        raise NotRestated(
            f"{split.words}; on its ticks the stop of {plain(stop)} is beyond what it may pay."
        )
