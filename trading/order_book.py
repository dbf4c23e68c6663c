"""The working orders of one instrument, by price and then by time.

Pure. Prices are whole ticks and quantities whole lots of whatever size the caller counts in,
so nothing here rounds. A side is keyed by ``price`` for asks and ``-price`` for bids: the
smallest key is always the best price.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from uuid import UUID


@dataclass(slots=True, eq=False)
class BookOrder:
    """One order as the book sees it; ``remaining`` shrinks as it fills.

    ``limit`` is the worst price it may trade at, for market orders too.
    """

    id: UUID
    owner: UUID  # whose orders must not meet each other
    is_buy: bool
    limit: int  # ticks, > 0
    remaining: int  # lots, > 0 while it works
    is_market: bool = False  # never shown to others
    may_rest: bool = True  # false: what does not fill at once is cancelled
    is_all_or_nothing: bool = False
    is_asleep: bool = False  # waits, and does not trade, whatever comes
    is_gone: bool = False  # no longer rests, though a level may still list it

    @property
    def key(self) -> int:
        return -self.limit if self.is_buy else self.limit


class Level(deque[BookOrder]):
    """Orders at one price, oldest first; those taken out stay until they are more than half."""

    gone = 0  # taken out since it was last tidied; some of them may have left at the front


class BookSide:
    """Resting limit orders of one side, best price first and oldest first within a price."""

    __slots__ = ("keys", "levels")

    def __init__(self) -> None:
        # Both hold the same keys. An emptied level stays until it is the best one.
        self.levels: dict[int, Level] = {}
        self.keys: list[int] = []  # a heap

    def open_level(self, key: int) -> Level:
        level = self.levels[key] = Level()
        heappush(self.keys, key)
        return level

    def remove(self, order: BookOrder) -> None:
        key = -order.limit if order.is_buy else order.limit
        level = self.levels[key]
        order.is_gone = True
        level.gone += 1
        if 2 * level.gone > len(level):
            self.levels[key] = Level(kept for kept in level if not kept.is_gone)

    def first(self) -> BookOrder | None:
        """The order that trades next, or ``None`` when the side is empty."""
        keys, levels = self.keys, self.levels
        while keys:
            level = levels[keys[0]]
            while level and level[0].is_gone:
                level.popleft()
            if level:
                return level[0]
            del levels[heappop(keys)]
        return None

    def __iter__(self) -> Iterator[BookOrder]:
        for key in sorted(self.levels):
            yield from (order for order in self.levels[key] if not order.is_gone)


class Street:
    """What one quote shows: levels of ``[price, size]``, best first, used up as orders take them.

    A new quote is a new ``Street``; sizes never grow.
    """

    __slots__ = ("asks", "bids")

    def __init__(
        self, *, bids: Sequence[tuple[int, int]] = (), asks: Sequence[tuple[int, int]] = ()
    ) -> None:
        self.bids = [[price, size] for price, size in bids if size > 0]
        self.asks = [[price, size] for price, size in asks if size > 0]

    def use(self, *, is_buy: bool, quantity: int) -> None:
        """Take back what was used before, the best first as it was; more empties the side."""
        levels = self.asks if is_buy else self.bids
        for level in levels:
            used = min(level[1], quantity)
            level[1] -= used
            quantity -= used
        levels[:] = [level for level in levels if level[1]]


@dataclass(slots=True)
class OrderBook:
    """Both sides, and the orders that wait for liquidity without being shown.

    ``waiting`` holds market orders that have not filled yet, and orders that came while the
    market was closed, in time order. Orders are kept by the number of their id, because looking
    one up by the id itself costs a call.
    """

    bids: BookSide = field(default_factory=BookSide)
    asks: BookSide = field(default_factory=BookSide)
    waiting: dict[int, BookOrder] = field(default_factory=dict)
    orders: dict[int, BookOrder] = field(default_factory=dict)

    def rest(self, order: BookOrder) -> None:
        side, key = (self.bids, -order.limit) if order.is_buy else (self.asks, order.limit)
        level = side.levels.get(key)
        if level is None:
            level = side.open_level(key)
        level.append(order)
        self.orders[order.id.int] = order

    def wait(self, order: BookOrder) -> None:
        self.waiting[order.id.int] = order
        self.orders[order.id.int] = order

    def find(self, order_id: UUID) -> BookOrder | None:
        return self.orders.get(order_id.int)

    def is_waiting(self, order_id: UUID) -> bool:
        return order_id.int in self.waiting

    def remove(self, order_id: UUID) -> BookOrder | None:
        """Take an order out; ``None`` when it does not work here."""
        order = self.orders.pop(order_id.int, None)
        if order is None:
            return None
        if self.waiting.pop(order_id.int, None) is None:
            (self.bids if order.is_buy else self.asks).remove(order)
        return order

    def succeed(self, order_id: UUID, successor: BookOrder) -> BookOrder:
        """Let another order stand where this one stood, for no more than that had left."""
        order = self.orders.pop(order_id.int)
        successor.limit, successor.is_asleep = order.limit, order.is_asleep
        if order_id.int in self.waiting:
            waiting = [successor if one is order else one for one in self.waiting.values()]
            self.waiting.clear()
            self.waiting.update((one.id.int, one) for one in waiting)
        else:
            level = (self.bids if order.is_buy else self.asks).levels[order.key]
            level[level.index(order)] = successor
        self.orders[successor.id.int] = successor
        return successor
