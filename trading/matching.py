"""Who trades with whom, at what price. Pure: books and orders in, trades out.

An order takes the best price first. At one price the resting orders of other users come before
the street, and the older before the younger. It pays the resting order's price, or the street's.

An order never trades with another of its owner: the one that would take is cancelled for what
is left of it, and the resting one stays.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from trading.order_book import BookOrder, BookSide, OrderBook, Street


class End(StrEnum):
    """Where an order stands after it was matched."""

    RESTS = "rests"  # in the book, shown
    WAITS = "waits"  # for liquidity, not shown
    QUEUED = "queued"  # for the market to open, not shown
    FILLED = "filled"
    # The rest is cancelled:
    UNFILLED = "unfilled"  # by its time in force
    SELF_MATCH = "self_match"
    AUCTION_OVER = "auction_over"

    @property
    def is_cancelled(self) -> bool:
        return self in {End.UNFILLED, End.SELF_MATCH, End.AUCTION_OVER}

    @property
    def is_working(self) -> bool:
        return self in {End.RESTS, End.WAITS, End.QUEUED}


class Trade(NamedTuple):
    """``maker`` is the resting order met, or ``None`` for the street."""

    taker: BookOrder
    maker: BookOrder | None
    price: int  # ticks
    quantity: int  # lots, > 0


class Outcome(NamedTuple):
    order: BookOrder
    trades: list[Trade]
    end: End


def submit(
    book: OrderBook, order: BookOrder, street: Street | None, *, is_open: bool = True
) -> Outcome:
    """Bring a new order to the book.

    Args:
        street: what the newest fresh quote still shows; ``None`` when there is none.
        is_open: while the market is closed nothing trades, and the order waits if it may.
    """
    if not is_open:
        if not order.may_rest:
            return Outcome(order, [], End.UNFILLED)
        book.wait(order)
        return Outcome(order, [], End.QUEUED)
    if order.is_all_or_nothing and reachable(book, order, street) < order.remaining:
        return Outcome(order, [], End.UNFILLED)
    trades, met_own = _take(book, order, street)
    return Outcome(order, trades, _settle_down(book, order, met_own=met_own))


def retry_waiting(book: OrderBook, street: Street | None) -> list[Outcome]:
    """Let waiting orders take what has come, oldest first; call only while the market is open.

    Returns:
        The orders whose standing changed or that traded.
    """
    outcomes = []
    for order in list(book.waiting.values()):
        if order.is_asleep:
            continue
        trades, met_own = _take(book, order, street)
        if order.is_market and order.remaining and not met_own:
            # It keeps its place among those that wait.
            if trades:
                outcomes.append(Outcome(order, trades, End.WAITS))
            continue
        book.remove(order.id)
        outcomes.append(Outcome(order, trades, _settle_down(book, order, met_own=met_own)))
    return outcomes


def meet_street(book: OrderBook, street: Street) -> list[Outcome]:
    """Fill resting orders that a new quote crosses, best price first, at the quote's prices."""
    return [
        *_fill_from_street(book, book.bids, street.asks),
        *_fill_from_street(book, book.asks, street.bids),
    ]


def reachable(book: OrderBook, order: BookOrder, street: Street | None) -> int:
    """Lots the order could trade at once, counted no further than it needs."""
    sign = 1 if order.is_buy else -1
    limit_key = order.limit * sign
    levels = () if street is None else street.asks if order.is_buy else street.bids
    # Before a street level come all resting orders of its price or a better one.
    offers = [(price * sign, 1, size) for price, size in levels if price * sign <= limit_key]
    own_key = None
    found = 0
    for resting in book.asks if order.is_buy else book.bids:
        if resting.key > limit_key or found >= order.remaining:
            break
        if resting.owner == order.owner:
            own_key = resting.key
            break
        found += resting.remaining
    found += sum(size for key, _, size in offers if own_key is None or key < own_key)
    return min(found, order.remaining)


def _take(book: OrderBook, order: BookOrder, street: Street | None) -> tuple[list[Trade], bool]:
    """Trade until the order is done, nothing is left within its limit, or it meets its owner."""
    is_buy = order.is_buy
    limit = order.limit
    side = book.asks if is_buy else book.bids
    offers = None if street is None else street.asks if is_buy else street.bids
    trades: list[Trade] = []
    if not offers and side.is_beyond(limit if is_buy else -limit):
        return trades, False
    while order.remaining:
        maker = side.first()
        if maker is not None and (maker.limit > limit if is_buy else maker.limit < limit):
            maker = None
        if offers:
            price = offers[0][0]
            reach = limit if maker is None else maker.limit + (-1 if is_buy else 1)
            if price <= reach if is_buy else price >= reach:
                trades.append(_trade_with_street(order, offers))
                continue
        if maker is None:
            break
        if maker.owner == order.owner:
            return trades, True
        quantity = min(order.remaining, maker.remaining)
        order.remaining -= quantity
        maker.remaining -= quantity
        if not maker.remaining:
            side.remove(maker)
            del book.orders[maker.id]
        trades.append(Trade(order, maker, maker.limit, quantity))
    return trades, False


def _trade_with_street(order: BookOrder, offers: list[list[int]]) -> Trade:
    offer = offers[0]
    price = offer[0]
    quantity = min(order.remaining, offer[1])
    order.remaining -= quantity
    offer[1] -= quantity
    if not offer[1]:
        del offers[0]
    return Trade(order, None, price, quantity)


def _settle_down(book: OrderBook, order: BookOrder, *, met_own: bool) -> End:
    if not order.remaining:
        return End.FILLED
    if met_own:
        return End.SELF_MATCH
    if not order.may_rest:
        return End.UNFILLED
    if order.is_market:
        book.wait(order)
        return End.WAITS
    book.rest(order)
    return End.RESTS


def _fill_from_street(book: OrderBook, side: BookSide, levels: list[list[int]]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    while levels and (order := side.first()) is not None:
        trades = []
        while (
            levels
            and order.remaining
            and (levels[0][0] <= order.limit if order.is_buy else levels[0][0] >= order.limit)
        ):
            trades.append(_trade_with_street(order, levels))
        if not trades:
            break
        if not order.remaining:
            side.remove(order)
            del book.orders[order.id]
        outcomes.append(Outcome(order, trades, End.RESTS if order.remaining else End.FILLED))
    return outcomes
