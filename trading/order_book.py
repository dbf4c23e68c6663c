"""The working orders of one instrument, by price and then by time.

Pure. Prices are whole ticks and quantities whole lots of whatever size the caller counts in,
so nothing here rounds. A side is keyed by ``price`` for asks and ``-price`` for bids: the
smallest key is always the best price.
"""

from __future__ import annotations

from collections import OrderedDict
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

    @property
    def key(self) -> int:
        return -self.limit if self.is_buy else self.limit


class BookSide:
    """Resting limit orders of one side, best price first and oldest first within a price."""

    __slots__ = ("_keys", "levels")

    def __init__(self) -> None:
        self.levels: dict[int, OrderedDict[UUID, BookOrder]] = {}
        self._keys: list[int] = []  # a heap; keys of emptied levels stay until they surface

    def add(self, order: BookOrder) -> None:
        key = -order.limit if order.is_buy else order.limit
        level = self.levels.get(key)
        if level is None:
            level = self.levels[key] = OrderedDict()
            heappush(self._keys, key)
        level[order.id] = order

    def remove(self, order: BookOrder) -> None:
        key = -order.limit if order.is_buy else order.limit
        level = self.levels[key]
        del level[order.id]
        if not level:
            del self.levels[key]

    def first(self) -> BookOrder | None:
        """The order that trades next, or ``None`` when the side is empty."""
        keys, levels = self._keys, self.levels
        while keys:
            level = levels.get(keys[0])
            if level is not None:
                return next(iter(level.values()))
            heappop(keys)
        return None

    def __iter__(self) -> Iterator[BookOrder]:
        for key in sorted(self.levels):
            yield from self.levels[key].values()


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

    def is_crossed(self) -> bool:
        """Whether a resting buy pays at least what a resting sell asks."""
        bid, ask = self.bids.first(), self.asks.first()
        return bid is not None and ask is not None and bid.limit >= ask.limit
