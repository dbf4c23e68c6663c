"""Orders that wait for the market to come to their stop price, of one instrument. Pure.

Prices are whole ticks of whatever size the caller counts in, as in ``trading.order_book``. A buy is
triggered when the last price is at or above its stop, a sale when it is at or below. One price
triggers all that it reaches, in the order in which they arrived, and each of them once.

A trailing stop follows the best price heard since it arrived (the mark: the highest for a sale, the
lowest for a buy) at its distance, and never moves back. Its mark is all there is to remember.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Final
from uuid import UUID

SPARED: Final = 8  # so few that are gone are never worth a look
PARTS: Final = 1_000_000  # a distance in per cent is counted in millionths of the mark


@dataclass(frozen=True, slots=True)
class Trail:
    """How far behind the mark a stop follows: ``amount`` ticks, or ``parts`` millionths of it."""

    amount: int = 0
    parts: int = 0

    def stop_behind(self, mark: int, *, is_buy: bool, step: int) -> int:
        """The stop price, on the grid of ``step`` and at least one step; farther, not nearer."""
        if is_buy:
            scaled = mark * (PARTS + self.parts) + self.amount * PARTS
            return -(-scaled // (PARTS * step)) * step
        scaled = mark * (PARTS - self.parts) - self.amount * PARTS
        return max(scaled // (PARTS * step), 1) * step


@dataclass(slots=True, eq=False)
class Stop:
    """One order that waits; ``price`` is ``None`` until a trailing stop has heard a price."""

    id: UUID
    arrival: int  # its place among all commands
    is_buy: bool
    price: int | None
    trail: Trail | None = None
    mark: int | None = None
    step: int = 1  # the instrument's tick
    is_gone: bool = False

    def hear(self, last: int) -> bool:
        """Move a trailing stop; true when it moved."""
        if self.trail is None:
            return False
        if self.mark is not None and (last >= self.mark if self.is_buy else last <= self.mark):
            return False
        self.mark = last
        self.price = self.trail.stop_behind(last, is_buy=self.is_buy, step=self.step)
        return True

    def is_reached(self, last: int) -> bool:
        if self.price is None:
            return False
        return last >= self.price if self.is_buy else last <= self.price


Listed = tuple[int, int, Stop]


@dataclass(slots=True)
class StopBook:
    """The stops of one instrument. Fixed ones in a heap a side, trailing ones in a list."""

    stops: dict[UUID, Stop] = field(default_factory=dict)
    _trailing: dict[UUID, Stop] = field(default_factory=dict)
    # The first to be reached is on top: the lowest stop of buys, the highest of sales.
    _buys: list[Listed] = field(default_factory=list)
    _sales: list[Listed] = field(default_factory=list)

    def add(self, stop: Stop) -> None:
        self.stops[stop.id] = stop
        if stop.trail is not None:
            self._trailing[stop.id] = stop
        elif stop.price is not None:
            heap, key = (self._buys, stop.price) if stop.is_buy else (self._sales, -stop.price)
            heappush(heap, (key, stop.arrival, stop))

    def remove(self, order_id: UUID) -> Stop | None:
        """Take a stop out; ``None`` when it does not wait here."""
        stop = self.stops.pop(order_id, None)
        if stop is not None:
            stop.is_gone = True  # a heap may list it until it comes to the top
            self._trailing.pop(order_id, None)
            self._tidy()
        return stop

    def _tidy(self) -> None:
        """Forget those that are gone once they are more than those that wait."""
        waiting = len(self.stops) - len(self._trailing)
        if len(self._buys) + len(self._sales) <= 2 * waiting + SPARED:
            return
        for heap in (self._buys, self._sales):
            heap[:] = [listed for listed in heap if not listed[2].is_gone]
            heapify(heap)

    def succeed(self, order_id: UUID, successor_id: UUID) -> Stop:
        """Let another order wait where this one waited."""
        stop = self.stops.pop(order_id)
        stop.id = successor_id
        self.stops[stop.id] = stop
        if self._trailing.pop(order_id, None) is not None:
            self._trailing[stop.id] = stop
        return stop

    def hear(self, last: int) -> tuple[list[Stop], list[Stop]]:
        """Take in a price.

        Returns:
            The stops it triggers, in the order they arrived and no longer waiting here, and the
            trailing stops that it moved.
        """
        reached = [
            *_reached(self._buys, lambda key: key <= last),
            *_reached(self._sales, lambda key: -key >= last),
        ]
        moved = [stop for stop in self._trailing.values() if stop.hear(last)]
        reached += [stop for stop in self._trailing.values() if stop.is_reached(last)]
        for stop in reached:
            self.remove(stop.id)
        return sorted(reached, key=lambda stop: stop.arrival), moved


def _reached(heap: list[tuple[int, int, Stop]], is_reached: Callable[[int], bool]) -> list[Stop]:
    found = []
    while heap and (heap[0][2].is_gone or is_reached(heap[0][0])):
        stop = heappop(heap)[2]
        if not stop.is_gone:
            found.append(stop)
    return found
