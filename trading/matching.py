"""Who trades with whom, at what price. Pure: books and orders in, trades out.

An order takes the best price first. At one price the resting orders of other users come before
the street, and the older before the younger. It pays the resting order's price, or the street's.

An order never trades with another of its owner: the one that would take is cancelled for what
is left of it, and the resting one stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from heapq import heappop
from typing import Final, NamedTuple
from uuid import UUID

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


# Looked up once: asking the class for a member costs as much as a trade.
RESTS: Final = End.RESTS
FILLED: Final = End.FILLED


class Trade(NamedTuple):
    """What is noted of a trade; the orders themselves change later, this does not."""

    taker_id: UUID
    maker_id: UUID | None  # the resting order met, None for the street
    price: int  # ticks
    quantity: int  # lots, > 0
    maker_left: int  # lots that the maker had left then, 0 for the street


# The same without names, which take longer than to match it: not everybody reads every trade.
TradeRow = tuple[UUID, UUID | None, int, int, int]


def named(rows: Iterable[TradeRow]) -> list[Trade]:
    return list(map(Trade._make, rows))


class Outcome(NamedTuple):
    """What is noted of an order that came, or that met what has come."""

    order_id: UUID
    left: int  # lots that it had left then
    trades: Sequence[Trade]
    end: End


def submit(
    book: OrderBook, order: BookOrder, street: Street | None, *, is_open: bool = True
) -> tuple[list[TradeRow], End]:
    """Bring a new order to the book.

    Args:
        street: what the newest fresh quote still shows; ``None`` when there is none.
        is_open: while the market is closed nothing trades, and the order waits if it may.

    Returns:
        Its trades, and where it stands after them.
    """
    if not is_open:
        return [], _queue_up(book, order)
    if order.is_all_or_nothing and reachable(book, order, street) < order.remaining:
        return [], End.UNFILLED
    if order.is_buy:
        side, own, key = book.asks, book.bids, order.limit
    else:
        side, own, key = book.bids, book.asks, -order.limit
    trades: list[TradeRow] = []
    met_own = False
    if street is not None:
        met_own = _take(book, order, street, trades)
        if not order.remaining:
            return trades, FILLED
    elif side.keys and side.keys[0] <= key:
        met_own = _cross(book, order, side, key, trades)
        if not order.remaining:
            return trades, FILLED
    if met_own or order.is_market or not order.may_rest:
        return trades, _settle_down(book, order, met_own=met_own)
    # As ``OrderBook.rest`` does, without its call: this is where most orders end.
    level = own.levels.get(-key)
    if level is None:
        level = own.open_level(-key)
    level.append(order)
    book.orders[order.id.int] = order
    return trades, RESTS


def retry_waiting(book: OrderBook, street: Street | None) -> list[Outcome]:
    """Let waiting orders take what has come, oldest first; call only while the market is open.

    Returns:
        The orders whose standing changed or that traded.
    """
    outcomes = []
    for order in list(book.waiting.values()):
        if order.is_asleep:
            continue
        trades: list[TradeRow] = []
        met_own = _take(book, order, street, trades)
        if order.is_market and order.remaining and not met_own:
            # It keeps its place among those that wait.
            if trades:
                outcomes.append(Outcome(order.id, order.remaining, named(trades), End.WAITS))
            continue
        book.remove(order.id)
        end = _settle_down(book, order, met_own=met_own)
        outcomes.append(Outcome(order.id, order.remaining, named(trades), end))
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


def _take(book: OrderBook, order: BookOrder, street: Street | None, trades: list[TradeRow]) -> bool:
    """Trade until the order is done or nothing is left within its limit.

    Returns:
        Whether it stopped at an order of its owner.
    """
    sign, side = (1, book.asks) if order.is_buy else (-1, book.bids)
    limit_key = order.limit * sign
    offers = [] if street is None else street.asks if order.is_buy else street.bids
    while offers and order.remaining and offers[0][0] * sign <= limit_key:
        # Users of the street's price or a better one come before it.
        if _cross(book, order, side, offers[0][0] * sign, trades):
            return True
        if order.remaining:
            trades.append(_trade_with_street(order, offers))
    return _cross(book, order, side, limit_key, trades)


def _cross(
    book: OrderBook, order: BookOrder, side: BookSide, limit_key: int, trades: list[TradeRow]
) -> bool:
    """Trade with the resting orders up to a key; true when it stopped at one of its owner."""
    keys, levels, orders = side.keys, side.levels, book.orders
    order_id, owner, left = order.id, order.owner.int, order.remaining
    while left and keys and keys[0] <= limit_key:
        level = levels[keys[0]]
        while left and level:
            maker = level[0]
            if maker.is_gone:
                level.popleft()
                continue
            if maker.owner.int == owner:
                order.remaining = left
                return True
            quantity = maker.remaining
            if quantity > left:
                kept = quantity - left
                quantity = left
            else:
                kept = 0
                level.popleft()
                del orders[maker.id.int]
            maker.remaining = kept
            left -= quantity
            trades.append((order_id, maker.id, maker.limit, quantity, kept))
        if not level:
            del levels[heappop(keys)]
    order.remaining = left
    return False


def _trade_with_street(order: BookOrder, offers: list[list[int]]) -> TradeRow:
    offer = offers[0]
    price = offer[0]
    quantity = min(order.remaining, offer[1])
    order.remaining -= quantity
    offer[1] -= quantity
    if not offer[1]:
        del offers[0]
    return order.id, None, price, quantity, 0


def _queue_up(book: OrderBook, order: BookOrder) -> End:
    """Let an order wait for the market to open, if it may."""
    if not order.may_rest:
        return End.UNFILLED
    book.wait(order)
    return End.QUEUED


def _settle_down(book: OrderBook, order: BookOrder, *, met_own: bool) -> End:
    if not order.remaining:
        return FILLED
    if met_own:
        return End.SELF_MATCH
    if not order.may_rest:
        return End.UNFILLED
    if order.is_market:
        book.wait(order)
        return End.WAITS
    book.rest(order)
    return RESTS


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
            book.remove(order.id)
        end = RESTS if order.remaining else FILLED
        outcomes.append(Outcome(order.id, order.remaining, named(trades), end))
    return outcomes
