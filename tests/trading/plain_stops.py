"""Stops the slow way: every price heard is kept, every stop looked at anew. Also random ones."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from fractions import Fraction
from uuid import UUID

from trading.exchange.stops import PARTS, Stop, Trail
from trading.order_book import BookOrder


@dataclass(frozen=True)
class Print:
    """The last price of the market."""

    last: int


@dataclass(frozen=True)
class Waiting:
    """An order that is to be held until its stop is reached."""

    order: BookOrder
    price: int | None
    trail: Trail | None
    step: int = 1

    def to_stop(self, arrival: int) -> Stop:
        order = self.order
        price = None if self.trail else self.price
        return Stop(order.id, arrival, order.is_buy, price, self.trail, step=self.step)


@dataclass
class PlainStops:
    waiting: list[tuple[Waiting, list[int]]] = field(default_factory=list)  # in order of arrival

    def add(self, asked: Waiting) -> None:
        self.waiting.append((asked, []))

    def remove(self, order_id: UUID) -> None:
        self.waiting = [one for one in self.waiting if one[0].order.id != order_id]

    def hear(self, last: int) -> list[UUID]:
        reached = []
        for asked, heard in self.waiting:
            heard.append(last)
            stop = stop_price(asked, heard)
            if last >= stop if asked.order.is_buy else last <= stop:
                reached.append(asked.order.id)
        for order_id in reached:
            self.remove(order_id)
        return reached


def stop_price(asked: Waiting, heard: list[int]) -> int:
    if asked.trail is None:
        assert asked.price is not None
        return asked.price
    is_buy = asked.order.is_buy
    mark = min(heard) if is_buy else max(heard)
    distance = asked.trail.amount + Fraction(mark * asked.trail.parts, PARTS)
    steps = (mark + distance if is_buy else mark - distance) / asked.step
    return (math.ceil(steps) if is_buy else max(math.floor(steps), 1)) * asked.step


def random_waiting(numbers: random.Random, order: BookOrder, *, middle: int) -> Waiting:
    """Fixed and trailing stops near the middle, on both sides of it."""
    kind = numbers.random()
    if kind < 0.6:
        return Waiting(order, middle + numbers.randint(-8, 8), None)
    step = numbers.choice((1, 2, 5))
    if kind < 0.8:
        return Waiting(order, None, Trail(amount=numbers.randint(1, 6)), step)
    return Waiting(order, None, Trail(parts=numbers.randint(1, PARTS // 10)), step)
