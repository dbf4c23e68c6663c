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
from typing import Final
from uuid import UUID

SPARSE_LENGTH: Final = 32  # shorter queues are not worth tidying


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


class Level:
    """Orders at one price, oldest first. Those that are gone stay until they reach the front."""

    __slots__ = ("count", "queue")

    def __init__(self) -> None:
        self.queue: deque[BookOrder] = deque()
        self.count = 0  # of orders that still rest here


class BookSide:
    """Resting limit orders of one side, best price first and oldest first within a price."""

    __slots__ = ("_keys", "levels")

    def __init__(self) -> None:
        # Both hold the same keys. An emptied level stays until it is the best one.
        self.levels: dict[int, Level] = {}
        self._keys: list[int] = []  # a heap

    def add(self, order: BookOrder) -> None:
        key = -order.limit if order.is_buy else order.limit
        level = self.levels.get(key)
        if level is None:
            level = self.levels[key] = Level()
            heappush(self._keys, key)
        level.queue.append(order)
        level.count += 1

    def remove(self, order: BookOrder) -> None:
        level = self.levels[-order.limit if order.is_buy else order.limit]
        order.is_gone = True
        level.count -= 1
        queue = level.queue
        if not level.count:
            queue.clear()
        elif len(queue) > SPARSE_LENGTH and len(queue) > 2 * level.count:
            level.queue = deque(kept for kept in queue if not kept.is_gone)

    def is_beyond(self, key: int) -> bool:
        """Whether surely nothing rests at this key or a better one; asked before looking."""
        keys = self._keys
        return not keys or keys[0] > key

    def first(self) -> BookOrder | None:
        """The order that trades next, or ``None`` when the side is empty."""
        keys, levels = self._keys, self.levels
        while keys:
            level = levels[keys[0]]
            if level.count:
                queue = level.queue
                while queue[0].is_gone:
                    queue.popleft()
                return queue[0]
            del levels[heappop(keys)]
        return None

    def __iter__(self) -> Iterator[BookOrder]:
        for key in sorted(self.levels):
            yield from (order for order in self.levels[key].queue if not order.is_gone)


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

    def use(self, *, is_buy: bool, price: int, quantity: int) -> None:
        """Take back what was used before; more than is shown empties the level."""
        levels = self.asks if is_buy else self.bids
        for level in levels:
            if level[0] == price:
                level[1] = max(level[1] - quantity, 0)
        levels[:] = [level for level in levels if level[1]]


@dataclass(slots=True)
class OrderBook:
    """Both sides, and the orders that wait for liquidity without being shown.

    ``waiting`` holds market orders that have not filled yet, and orders that came while the
    market was closed, in time order.
    """

    bids: BookSide = field(default_factory=BookSide)
    asks: BookSide = field(default_factory=BookSide)
    waiting: dict[UUID, BookOrder] = field(default_factory=dict)
    orders: dict[UUID, BookOrder] = field(default_factory=dict)

    def rest(self, order: BookOrder) -> None:
        (self.bids if order.is_buy else self.asks).add(order)
        self.orders[order.id] = order

    def wait(self, order: BookOrder) -> None:
        self.waiting[order.id] = order
        self.orders[order.id] = order

    def remove(self, order_id: UUID) -> BookOrder | None:
        """Take an order out; ``None`` when it does not work here."""
        order = self.orders.pop(order_id, None)
        if order is None:
            return None
        if self.waiting.pop(order_id, None) is None:
            (self.bids if order.is_buy else self.asks).remove(order)
        return order

    def succeed(self, order_id: UUID, successor: BookOrder) -> BookOrder:
        """Let another order stand where this one stood, for no more than that had left."""
        order = self.orders.pop(order_id)
        order.id, order.remaining = successor.id, successor.remaining
        self.orders[order.id] = order
        if order_id in self.waiting:
            waiting = list(self.waiting.values())
            self.waiting.clear()
            self.waiting.update((one.id, one) for one in waiting)
        return order

    def is_crossed(self) -> bool:
        """Whether a resting buy pays at least what a resting sell asks."""
        bid, ask = self.bids.first(), self.asks.first()
        return bid is not None and ask is not None and bid.limit >= ask.limit
