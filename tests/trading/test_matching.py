"""Who trades with whom at what price: the pure core by tables."""

from __future__ import annotations

import pytest

from tests.trading.books import (
    book_text,
    bring,
    make_book,
    parse_order,
    parse_street,
    trades_text,
)
from trading.matching import meet_street, retry_waiting

BOOK = ("bob sell 5@101", "carol sell 7@101", "bob sell 4@103")


@pytest.mark.parametrize(
    ("order", "asks", "trades", "end", "book"),
    [
        pytest.param("alice buy 4@100", "", "", "rests", "4@100 | 5@101 7@101 4@103", id="below"),
        pytest.param("alice buy 3@101", "", "3@101", "filled", "| 2@101 7@101 4@103", id="oldest"),
        pytest.param("alice buy 8@101", "", "5@101 3@101", "filled", "| 4@101 4@103", id="next"),
        pytest.param(
            "alice buy 20@102", "", "5@101 7@101", "rests", "8@102 | 4@103", id="rest of it rests"
        ),
        pytest.param(
            "alice buy 20@101", "3@100", "3~100 5@101 7@101", "rests", "5@101 | 4@103",
            id="the street where it is better",
        ),
        pytest.param(
            "alice buy 20@101", "9@101", "5@101 7@101 8~101", "filled", "| 4@103",
            id="users first at the same price",
        ),
        pytest.param(
            "alice buy 20", "2@102 9@104", "5@101 7@101 2~102 4@103 2~104", "filled", "|",
            id="a market order takes what comes",
        ),
        pytest.param(
            "alice buy 20", "", "5@101 7@101 4@103", "waits", "|", id="a market order is not shown"
        ),
        pytest.param(
            "alice buy 20@101 ioc", "", "5@101 7@101", "unfilled", "| 4@103", id="ioc never rests"
        ),
        pytest.param(
            "alice buy 13@101 fok", "", "", "unfilled", "| 5@101 7@101 4@103", id="fok all or none"
        ),
        pytest.param(
            "alice buy 13@101 fok", "1@101", "5@101 7@101 1~101", "filled", "| 4@103",
            id="fok just enough",
        ),
        pytest.param(
            "carol buy 20@103", "", "5@101", "self_match", "| 7@101 4@103",
            id="stops before its owner's",
        ),
        pytest.param(
            "carol buy 6@103 fok", "9@102", "", "unfilled", "| 5@101 7@101 4@103",
            id="fok does not count beyond its owner's",
        ),
        pytest.param(
            "carol buy 6@103 fok", "1@100", "1~100 5@101", "filled", "| 7@101 4@103",
            id="fok counts the street before its owner's",
        ),
    ],
)  # fmt: skip
def test_a_buy_meets_the_book_and_the_street(
    order: str, asks: str, trades: str, end: str, book: str
) -> None:
    resting = make_book(*BOOK)
    outcome = bring(resting, parse_order(order), parse_street(asks=asks))
    assert (trades_text(outcome), outcome.end, book_text(resting)) == (trades, end, book)


@pytest.mark.parametrize(
    ("order", "bids", "trades", "end", "book"),
    [
        pytest.param("alice sell 3@100", "", "3@100", "filled", "2@100 6@99 |", id="best bid"),
        pytest.param(
            "alice sell 9@99", "2@99", "5@100 4@99", "filled", "2@99 |", id="pays what rests asked"
        ),
        pytest.param(
            "alice sell 14@99", "4@101 4@98", "4~101 5@100 5@99", "filled", "1@99 |", id="street"
        ),
        pytest.param("alice sell 3@101", "", "", "rests", "5@100 6@99 | 3@101", id="above"),
    ],
)
def test_a_sale_meets_the_book_and_the_street(
    order: str, bids: str, trades: str, end: str, book: str
) -> None:
    resting = make_book("bob buy 5@100", "bob buy 6@99")
    outcome = bring(resting, parse_order(order), parse_street(bids=bids))
    assert (trades_text(outcome), outcome.end, book_text(resting).strip()) == (trades, end, book)


def test_without_a_fresh_quote_only_users_trade() -> None:
    book = make_book("bob sell 5@101")
    outcome = bring(book, parse_order("alice buy 8@102"), None)
    assert (trades_text(outcome), outcome.end) == ("5@101", "rests")


def test_a_new_quote_fills_what_it_crosses_best_price_first_and_once() -> None:
    book = make_book("alice buy 5@100", "bob buy 5@102", "carol buy 5@102", "bob sell 5@110")
    street = parse_street(bids="1@108", asks="6@99 6@102")
    outcomes = meet_street(book, street)
    assert [trades_text(outcome) for outcome in outcomes] == ["5~99", "1~99 4~102"]
    assert book_text(book) == "5@100 | 5@110"
    assert meet_street(book, street) == []


def test_waiting_market_orders_take_turns_by_age() -> None:
    book = make_book()
    first, second = parse_order("alice buy 10"), parse_order("bob buy 10")
    for order in (first, second):
        assert bring(book, order, None).end == "waits"
    outcomes = retry_waiting(book, parse_street(asks="4@100"))
    assert [trades_text(outcome) for outcome in outcomes] == ["4~100"]
    outcomes = retry_waiting(book, parse_street(asks="11@101"))
    assert [(trades_text(outcome), outcome.end) for outcome in outcomes] == [
        ("6~101", "filled"),
        ("5~101", "waits"),
    ]


def test_an_order_that_comes_while_the_market_is_closed_waits_and_then_rests() -> None:
    book = make_book("bob sell 5@100")
    outcome = bring(book, parse_order("alice buy 7@101"), None, is_open=False)
    assert (trades_text(outcome), outcome.end) == ("", "queued")
    assert bring(book, parse_order("alice buy 1 ioc"), None, is_open=False).end == "unfilled"
    (opened,) = retry_waiting(book, None)
    assert (trades_text(opened), opened.end, book_text(book)) == ("5@100", "rests", "2@101 |")


def test_a_long_level_forgets_who_left_and_keeps_the_turns_of_the_rest() -> None:
    count = 120
    orders = [parse_order(f"bob sell {number}@100") for number in range(1, count + 1)]
    book = make_book()
    for order in orders:
        book.rest(order)
    for order in orders[::3] + orders[1::3]:
        book.remove(order.id)
    kept = orders[2::3]
    assert [order.id for order in book.asks] == [order.id for order in kept]
    assert len(book.asks.levels[100]) <= 2 * len(kept)
    outcome = bring(book, parse_order(f"alice buy {count * count}@100"), None)
    assert [trade.maker_id for trade in outcome.trades] == [order.id for order in kept]
    assert book.asks.first() is None
    assert not book.asks.levels
