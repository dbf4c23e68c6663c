"""The order book out of the street's levels and users' resting orders."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.depth.order_books import (
    OrderBook,
    RestingLevel,
    RestingOrders,
    book_to_wire,
    build_book,
)
from market.values import Level, QuoteValue
from tests.market.factories import NOON

QUOTE = QuoteValue(
    instrument_id=1,
    symbol="AAPL",
    bid=Decimal("9.99"),
    bid_size=Decimal(100),
    ask=Decimal("10.01"),
    ask_size=Decimal(200),
    last=Decimal(10),
    last_size=None,
    previous_close=None,
    occurred_at=NOON,
    source="simulated",
)


def levels(text: str) -> tuple[Level, ...]:
    """``100@9.99 50@9.98``: size at price."""
    parts = (word.split("@") for word in text.split())
    return tuple((Decimal(price), Decimal(size)) for size, price in parts)


def resting(text: str) -> tuple[RestingLevel, ...]:
    return tuple(RestingLevel(price, size, orders=2) for price, size in levels(text))


def book(
    bids: str = "", asks: str = "", *, user_bids: str = "", user_asks: str = "", depth: int = 10
) -> OrderBook:
    quote = replace(QUOTE, bid_levels=levels(bids), ask_levels=levels(asks))
    return build_book(
        quote,
        RestingOrders(resting(user_bids), resting(user_asks)),
        depth=depth,
        is_stale=False,
    )


def shown(found: OrderBook) -> tuple[str, str]:
    def side(rows: tuple[object, ...]) -> str:
        return " ".join(
            f"{row.street_size}+{row.user_size}@{row.price}={row.cumulative_size}"  # type: ignore[attr-defined]
            for row in rows
        )

    return side(found.bids), side(found.asks)


@pytest.mark.parametrize(
    ("bids", "user_bids", "expected"),
    [
        pytest.param("100@9 50@8", "", "100+0@9=100 50+0@8=150", id="the street alone"),
        pytest.param("100@9", "7@9", "100+7@9=107", id="together at one price"),
        pytest.param("100@9", "7@9.5", "0+7@9.5=7 100+0@9=107", id="a user is the best"),
        pytest.param("100@9", "7@8", "100+0@9=100 0+7@8=107", id="a user is behind"),
        pytest.param("0@9 5@8", "", "5+0@8=5", id="an empty level is none"),
    ],
)
def test_a_side_is_merged_by_price(bids: str, user_bids: str, expected: str) -> None:
    assert shown(book(bids, "1@20", user_bids=user_bids))[0] == expected


def test_asks_ascend_and_bids_descend() -> None:
    found = book("1@8 1@9", "1@12 1@11", user_asks="1@11.5")
    assert [row.price for row in found.bids] == [9, 8]
    assert [row.price for row in found.asks] == [11, Decimal("11.5"), 12]
    assert (found.spread, found.mid) == (Decimal(2), Decimal(10))


def test_the_depth_is_of_each_side() -> None:
    found = book("1@9 1@8 1@7", "1@11", user_bids="1@8.5", depth=2)
    assert shown(found) == ("1+0@9=1 0+1@8.5=2", "1+0@11=1")
    assert found.deepest_size == 2


def test_a_quote_without_depth_has_one_level() -> None:
    assert shown(book()) == ("100+0@9.99=100", "200+0@10.01=200")


def test_without_a_quote_there_is_no_street_and_it_is_stale() -> None:
    found = build_book(None, RestingOrders(resting("3@9")), depth=5, is_stale=False)
    wire = book_to_wire(found)
    assert shown(found) == ("0+3@9=3", "")
    assert (wire["is_stale"], wire["occurred_at"], wire["spread"]) == (True, None, None)
    assert wire["bids"][0]["orders"] == 2


prices = st.integers(1, 30).map(Decimal)
sides = st.lists(
    st.tuples(prices, st.integers(1, 9).map(Decimal)), max_size=12, unique_by=lambda level: level[0]
)


@given(street=sides, users=sides, depth=st.integers(1, 40))
def test_nothing_is_lost_or_made_up(
    street: list[tuple[Decimal, Decimal]], users: list[tuple[Decimal, Decimal]], depth: int
) -> None:
    quote = replace(QUOTE, bid=None, bid_levels=tuple(street))
    orders = tuple(RestingLevel(price, size, 1) for price, size in users)
    found = build_book(quote, RestingOrders(bids=orders), depth=depth, is_stale=False).bids
    expected = sorted({price for price, _ in (*street, *users)}, reverse=True)[:depth]
    assert [row.price for row in found] == expected
    total = sum(size for price, size in (*street, *users) if price in expected)
    assert (found[-1].cumulative_size if found else 0) == total
    assert all(row.size > 0 for row in found)
