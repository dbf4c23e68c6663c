"""The auction's price and trades, against a plain oracle that tries every price."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.books import owner, parse_order, parse_street
from tests.trading.plain_auctions import plain_clearing
from trading.exchange.auctions import (
    Clearing,
    Interest,
    clear,
    hold_auction,
    without_own_matches,
)
from trading.matching import Trade
from trading.order_book import BookOrder, Street

interests = st.lists(
    st.builds(Interest, limit=st.integers(1, 25), quantity=st.integers(1, 9)), max_size=8
)


@given(buys=interests, sells=interests, reference=st.none() | st.integers(1, 50))
def test_the_price_is_the_oracles(
    buys: list[Interest], sells: list[Interest], reference: int | None
) -> None:
    assert clear(buys, sells, reference=reference) == plain_clearing(buys, sells, reference)


@pytest.mark.parametrize(
    ("orders", "reference", "expected"),
    [
        pytest.param("buy 10@105, sell 10@95", 100, (100, 10, 0), id="nearest to the reference"),
        pytest.param("buy 10@105, sell 10@95", 120, (105, 10, 0), id="within both limits"),
        pytest.param("buy 10@105, sell 10@95", None, (95, 10, 0), id="the lowest without one"),
        pytest.param("buy 10@105, buy 20@100, sell 20@100", 90, (100, 20, 10), id="most volume"),
        pytest.param("buy 10@102, buy 5@100, sell 10@99", 99, (101, 10, 0), id="least imbalance"),
        pytest.param("buy 10@99, sell 10@100", 100, None, id="nobody meets"),
    ],
)
def test_the_rules_one_by_one(
    orders: str, reference: int | None, expected: tuple[int, int, int] | None
) -> None:
    parsed = [parse_order(f"alice {text.strip()}") for text in orders.split(",")]
    buys = [Interest(one.limit, one.remaining) for one in parsed if one.is_buy]
    sells = [Interest(one.limit, one.remaining) for one in parsed if not one.is_buy]
    assert clear(buys, sells, reference=reference) == expected


def test_users_come_before_the_street_and_the_older_before_the_younger() -> None:
    first, second = parse_order("alice sell 4@100"), parse_order("bob sell 4@100")
    buyer = parse_order("carol buy 10@100")
    street = parse_street(bids="5@90", asks="5@100")

    clearing, trades = hold_auction([second, first, buyer], street, reference=100)

    assert clearing == Clearing(100, 10, 3)
    assert [trade.maker_id for trade in trades] == [second.id, first.id, None]
    assert [trade.quantity for trade in trades] == [4, 4, 2]
    assert street.asks == [[100, 3]]


@st.composite
def crowds(draw: st.DrawFn) -> tuple[list[BookOrder], Street]:
    orders = [
        BookOrder(
            id=UUID(int=number + 1),
            owner=owner(draw(st.sampled_from(["alice", "bob", "carol"]))),
            is_buy=draw(st.booleans()),
            limit=draw(st.integers(1, 20)),
            remaining=draw(st.integers(1, 9)),
        )
        for number in range(draw(st.integers(0, 9)))
    ]
    bid = draw(st.integers(1, 19))
    street = Street(
        bids=[(bid, draw(st.integers(0, 9)))],
        asks=[(bid + draw(st.integers(0, 3)), draw(st.integers(0, 9)))],
    )
    return orders, street


@given(crowd=crowds(), reference=st.none() | st.integers(1, 20))
def test_an_auction_keeps_its_promises(
    crowd: tuple[list[BookOrder], Street], reference: int | None
) -> None:
    orders, street = crowd
    asked = {order.id: order.remaining for order in orders}
    shown = {(True, *level) for level in street.asks} | {(False, *level) for level in street.bids}
    kept, left_out = without_own_matches(orders)

    clearing, trades = hold_auction(kept, street, reference=reference)

    assert {order.id for order in (*kept, *left_out)} == set(asked)
    assert len({trade.price for trade in trades}) <= 1  # one price
    assert sum(trade.quantity for trade in trades) == (clearing.volume if clearing else 0)
    filled = filled_of(trades)
    for order in orders:
        assert asked[order.id] - order.remaining == filled[order.id]
        assert order.remaining >= 0
        if filled[order.id] and clearing:
            within = (
                clearing.price <= order.limit if order.is_buy else clearing.price >= order.limit
            )
            assert within
    known = {order.id: order for order in orders}
    for trade in trades:
        if trade.maker_id is not None:
            maker = known[trade.maker_id]
            assert maker.owner != known[trade.taker_id].owner
            assert trade.maker_left == maker.remaining
    taken = sum(trade.quantity for trade in trades if trade.maker_id is None)
    left = sum(level[1] for level in (*street.asks, *street.bids))
    assert sum(size for _, _, size in shown) - left == taken
    if clearing:
        assert_nobody_better_is_left_out(kept, filled)


def filled_of(trades: list[Trade]) -> Counter[UUID]:
    filled: Counter[UUID] = Counter()
    for trade in trades:
        filled[trade.taker_id] += trade.quantity
        if trade.maker_id is not None:
            filled[trade.maker_id] += trade.quantity
    return filled


def assert_nobody_better_is_left_out(orders: list[BookOrder], filled: Counter[UUID]) -> None:
    """While a better limit has something left, no worse one has filled anything."""
    for is_buy in (True, False):
        side = [order for order in orders if order.is_buy is is_buy]
        ranked = sorted(side, key=lambda order: -order.limit if is_buy else order.limit)
        unfilled = [order for order in ranked if order.remaining]
        if unfilled:
            best = unfilled[0]
            later = ranked[ranked.index(best) + 1 :]
            worse = [one for one in later if one.limit != best.limit]
            assert [one.id for one in worse if filled[one.id]] == []
