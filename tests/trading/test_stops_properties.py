"""Fast stops against the slow and plain ones, over any sequence of stops, prices and ends."""

from __future__ import annotations

import random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading.plain_stops import PlainStops, Print, Waiting, random_waiting, stop_price
from trading.exchange.stops import StopBook, Trail
from trading.order_book import BookOrder

MIDDLE = 100


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 80))
def test_stops_trigger_once_and_in_the_order_they_arrived(seed: int, length: int) -> None:
    numbers = random.Random(seed)
    fast, plain = StopBook(), PlainStops()
    ended: set[UUID] = set()
    for arrival in range(length):
        kind = numbers.random()
        if kind < 0.45:
            asked = random_waiting(numbers, make_order(numbers), middle=MIDDLE)
            fast.add(asked.to_stop(arrival))
            plain.add(asked)
        elif kind < 0.55 and fast.stops:
            chosen = list(fast.stops)[numbers.randrange(len(fast.stops))]
            assert fast.remove(chosen) is not None
            assert fast.remove(chosen) is None
            plain.remove(chosen)
            ended.add(chosen)
        else:
            price = Print(MIDDLE + numbers.randint(-10, 10))
            reached, _ = fast.hear(price.last)
            assert [stop.id for stop in reached] == plain.hear(price.last)
            assert ended.isdisjoint(stop.id for stop in reached), "triggered twice"
            ended.update(stop.id for stop in reached)
        assert list(fast.stops) == [asked.order.id for asked, _ in plain.waiting]
        for asked, heard in plain.waiting:
            if heard:
                assert fast.stops[asked.order.id].price == stop_price(asked, heard)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(50, 150), min_size=1, max_size=30), st.data())
def test_stops_rebuilt_from_their_marks_trigger_the_same(
    seed: int, prices: list[int], data: st.DataObject
) -> None:
    numbers = random.Random(seed)
    book = StopBook()
    for arrival in range(12):
        book.add(random_waiting(numbers, make_order(numbers), middle=MIDDLE).to_stop(arrival))
    cut = data.draw(st.integers(0, len(prices)))
    for price in prices[:cut]:
        book.hear(price)
    rebuilt = StopBook()
    for stop in book.stops.values():
        rebuilt.add(
            type(stop)(
                stop.id, stop.arrival, stop.is_buy, stop.price, stop.trail, stop.mark, stop.step
            )
        )
    for price in prices[cut:]:
        first, again = book.hear(price), rebuilt.hear(price)
        assert [stop.id for stop in first[0]] == [stop.id for stop in again[0]]
        assert [(stop.id, stop.mark) for stop in first[1]] == [
            (stop.id, stop.mark) for stop in again[1]
        ]


def test_stops_that_come_and_go_far_from_the_price_leave_nothing_behind() -> None:
    numbers = random.Random(7)
    book = StopBook()
    kept = random_fixed(numbers)
    book.add(kept.to_stop(0))
    for arrival in range(1, 5_000):
        asked = random_fixed(numbers)
        book.add(asked.to_stop(arrival))
        book.hear(MIDDLE)
        assert book.remove(asked.order.id) is not None
    assert len(book._buys) + len(book._sales) < 20
    assert list(book.stops) == [kept.order.id]


def random_fixed(numbers: random.Random) -> Waiting:
    """A stop that the middle price does not reach, and that follows nothing."""
    while True:
        asked = random_waiting(numbers, make_order(numbers), middle=MIDDLE)
        stop = asked.to_stop(0)
        if stop.trail is None and not stop.is_reached(MIDDLE):
            return asked


def test_a_stop_lies_on_the_grid_and_never_nearer_than_its_distance() -> None:
    assert Trail(parts=50_000).stop_behind(9_001, is_buy=True, step=1) == 9_452
    assert Trail(parts=50_000).stop_behind(9_001, is_buy=False, step=1) == 8_550
    assert Trail(amount=7).stop_behind(100, is_buy=True, step=5) == 110
    assert Trail(amount=7).stop_behind(100, is_buy=False, step=5) == 90
    assert Trail(amount=200).stop_behind(100, is_buy=False, step=5) == 5


def make_order(numbers: random.Random) -> BookOrder:
    return BookOrder(
        id=UUID(int=numbers.getrandbits(128)),
        owner=UUID(int=1),
        is_buy=numbers.random() < 0.5,
        limit=MIDDLE,
        remaining=1,
    )
