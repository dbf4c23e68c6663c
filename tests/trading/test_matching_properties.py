"""What holds for every sequence of orders, cancellations and quotes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading.books import bring
from tests.trading.plain_stops import PlainStops, Print, Waiting
from trading.exchange.stops import StopBook, Trail
from trading.matching import Outcome, Trade, meet_street, retry_waiting
from trading.order_book import BookOrder, OrderBook, Street


@dataclass(frozen=True)
class Change:
    """A resting or waiting order, chosen by number, is to have another limit or size."""

    chosen: int
    limit: int | None
    remaining: int


Step = BookOrder | Street | int | Waiting | Print | Change

OWNERS = [UUID(int=number) for number in range(1, 4)]
PRICES = st.integers(95, 105)
SIZES = st.integers(1, 9)
SLOTS = BookOrder.__slots__


@st.composite
def orders(draw: st.DrawFn) -> BookOrder:
    is_market = draw(st.booleans())
    tif = draw(st.sampled_from(["day", "ioc", "fok"]))
    return BookOrder(
        id=draw(st.uuids()),
        owner=draw(st.sampled_from(OWNERS)),
        is_buy=draw(st.booleans()),
        limit=draw(PRICES),
        remaining=draw(SIZES),
        is_market=is_market,
        may_rest=tif == "day",
        is_all_or_nothing=tif == "fok",
    )


levels = st.lists(st.tuples(st.integers(0, 4), SIZES), max_size=3, unique_by=lambda level: level[0])


@st.composite
def streets(draw: st.DrawFn) -> Street:
    middle = draw(PRICES)
    return Street(
        bids=sorted(((middle - 1 - gap, size) for gap, size in draw(levels)), reverse=True),
        asks=sorted((middle + gap, size) for gap, size in draw(levels)),
    )


prints = st.builds(Print, PRICES)
stops = st.builds(
    Waiting,
    orders(),
    PRICES,
    st.one_of(st.none(), st.builds(Trail, amount=st.integers(1, 4))),
)
changes = st.builds(Change, st.integers(0, 20), st.one_of(st.none(), PRICES), SIZES)
steps = st.lists(
    st.one_of(orders(), streets(), st.integers(0, 20), stops, prints, changes), max_size=40
)


class Exchange:
    """Plays steps and checks every claim as it goes."""

    def __init__(self) -> None:
        self.book = OrderBook()
        self.street: Street | None = None
        self.known: dict[UUID, BookOrder] = {}  # all that ever came to the book
        self.sizes: dict[UUID, int] = {}
        self.filled: Counter[UUID] = Counter()
        self.log: list[tuple[object, ...]] = []
        self.stops = StopBook()
        self.plain_stops = PlainStops()
        self.held: dict[UUID, BookOrder] = {}

    def play(self, step: Step) -> None:
        if isinstance(step, BookOrder):
            self.bring(step)
        elif isinstance(step, Waiting):
            if step.order.id not in self.sizes | self.held:
                self.held[step.order.id] = step.order
                self.stops.add(step.to_stop(arrival=len(self.held)))
                self.plain_stops.add(step)
        elif isinstance(step, Print):
            reached, _ = self.stops.hear(step.last)
            assert [stop.id for stop in reached] == self.plain_stops.hear(step.last)
            for stop in reached:
                self.bring(self.held[stop.id])
        elif isinstance(step, Street):
            self.street = step
            shown = sum(size for _, size in [*step.bids, *step.asks])
            outcomes = [*retry_waiting(self.book, step), *meet_street(self.book, step)]
            self.check_all(outcomes)
            taken = sum(t.quantity for o in outcomes for t in o.trades if t.maker_id is None)
            assert taken + sum(size for _, size in [*step.bids, *step.asks]) == shown
        elif isinstance(step, Change):
            self.change(step)
        elif self.book.orders:
            chosen = list(self.book.orders.values())[step % len(self.book.orders)]
            self.book.remove(chosen.id)
        bid, ask = self.book.bids.first(), self.book.asks.first()
        assert bid is None or ask is None or bid.limit < ask.limit

    def change(self, step: Change) -> None:
        """Let a successor stand in an order's place, or come anew, as ``Shard`` does."""
        if not self.book.orders:
            return
        old = list(self.book.orders.values())[step.chosen % len(self.book.orders)]
        old_id, turn = old.id, queue_of(self.book, old).index(old)
        successor = copy_order(old)
        successor.id = UUID(int=old.id.int ^ (len(self.sizes) + 1) << 64)
        successor.remaining = step.remaining
        if successor.id in self.sizes:
            return
        if step.limit is None and step.remaining <= old.remaining:
            self.known[successor.id] = successor
            self.sizes[successor.id] = step.remaining
            self.sizes[old_id] = self.filled[old_id]
            stands = self.book.succeed(old_id, successor)
            assert queue_of(self.book, stands).index(stands) == turn, "it lost its turn"
            return
        self.book.remove(old_id)
        self.sizes[old_id] = self.filled[old_id]
        successor.limit = step.limit or successor.limit
        self.bring(successor)

    def bring(self, order: BookOrder) -> None:
        if order.id in self.sizes:
            return
        self.known[order.id] = order
        self.sizes[order.id] = order.remaining
        self.check(bring(self.book, order, self.street))
        self.check_all(retry_waiting(self.book, self.street))

    def check_all(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            self.check(outcome)

    def check(self, outcome: Outcome) -> None:
        order = self.known[outcome.order_id]
        for trade in outcome.trades:
            self.check_trade(trade)
        prices = [trade.price for trade in outcome.trades]
        assert prices == sorted(prices, reverse=not order.is_buy), "a worse price came first"
        works = self.book.find(order.id) is not None
        assert works == (outcome.end in {"rests", "waits", "queued"})
        if not order.may_rest:
            assert not works
        if order.is_all_or_nothing:
            assert self.filled[order.id] in {0, self.sizes[order.id]}
        if order.is_market:
            assert outcome.end != "rests"
        assert self.sizes[order.id] == self.filled[order.id] + outcome.left
        self.log.append((order.id.int, outcome.end, tuple(map(tuple_of, outcome.trades))))

    def check_trade(self, trade: Trade) -> None:
        taker = self.known[trade.taker_id]
        assert trade.quantity > 0
        assert trade.price <= taker.limit if taker.is_buy else trade.price >= taker.limit
        self.filled[taker.id] += trade.quantity
        if trade.maker_id is not None:
            maker = self.known[trade.maker_id]
            assert maker.owner != taker.owner
            assert maker.is_buy != taker.is_buy
            assert trade.price == maker.limit
            self.filled[maker.id] += trade.quantity
            assert self.sizes[maker.id] == self.filled[maker.id] + trade.maker_left


def queue_of(book: OrderBook, order: BookOrder) -> list[BookOrder]:
    """Everybody who stands where the order does, first come first."""
    if book.is_waiting(order.id):
        return list(book.waiting.values())
    return list(book.bids if order.is_buy else book.asks)


def copy_order(order: BookOrder) -> BookOrder:
    return BookOrder(**{name: getattr(order, name) for name in SLOTS})


def tuple_of(trade: Trade) -> tuple[int, int | None, int, int]:
    maker = None if trade.maker_id is None else trade.maker_id.int
    return (trade.taker_id.int, maker, trade.price, trade.quantity)


def copy_of(step: Step) -> Step:
    if isinstance(step, Waiting):
        return replace(step, order=copy_order(step.order))
    if isinstance(step, BookOrder):
        return copy_order(step)
    if isinstance(step, Street):
        bids = [(price, size) for price, size in step.bids]
        return Street(bids=bids, asks=[(price, size) for price, size in step.asks])
    return step


@settings(max_examples=300, deadline=None)
@given(steps)
def test_the_market_keeps_its_promises(sequence: list[Step]) -> None:
    again = [copy_of(step) for step in sequence]
    first, second = Exchange(), Exchange()
    for step in sequence:
        first.play(step)
    for step in again:
        second.play(step)
    assert first.log == second.log


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(OWNERS[:2]), PRICES, SIZES), min_size=1, max_size=12))
def test_price_comes_first_then_time(asks: list[tuple[UUID, int, int]]) -> None:
    book = OrderBook()
    placed = [
        BookOrder(UUID(int=number), owner, False, price, size)
        for number, (owner, price, size) in enumerate(asks, start=1)
    ]
    expected = [order.id for order in sorted(placed, key=lambda order: (order.limit, order.id))]
    for order in placed:
        bring(book, order, None)
    taker = BookOrder(UUID(int=999), OWNERS[2], True, 1_000, sum(size for _, _, size in asks))
    outcome = bring(book, taker, None)
    assert [trade.maker_id for trade in outcome.trades if trade.maker_id] == expected
    assert not book.orders
