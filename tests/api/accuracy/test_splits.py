"""Worked cases that others published: splits, spin-offs, and what was held on past days."""

from __future__ import annotations

from decimal import Decimal

import pytest

from market.models import Instrument
from tests.api.books import FIRST, Book
from tests.api.clients import ApiClient
from tests.factories import make_daily_bars, make_instrument, make_quote


@pytest.mark.parametrize(
    ("events", "quantity", "cost"),
    [
        ([("split", 1, 2)], "20", 1000),
        ([("split", 10, 1)], "1", 1000),
        ([("split", 1, 2), ("sell", 5, 60)], "15", 750),
        ([("split", 1, 2), ("split", 3, 1)], "6.6666666667", 1000),
        ([("split", 3, 1), ("split", 1, 3)], "10", 1000),
        ([("split", 10, 11)], "11", 1000),
    ],
)
def test_splits(book: Book, events: list[tuple[str, int, int]], quantity: str, cost: int) -> None:
    for kind, first, second in events:
        if kind == "split":
            book(kind, symbol="AAPL", ratio_from=str(first), ratio_to=str(second))
        else:
            book(kind, first, second)
    book("buy", 10, 100, day=0)  # Recorded last, though it came first.
    assert book.cost() == (Decimal(quantity), Decimal(cost))


def test_three_hundred_and_fifty_seven_units_and_back(book: Book) -> None:
    book("buy", 357, 1)
    book("split", symbol="AAPL", ratio_from="3", ratio_to="1")
    assert book.position()["quantity"] == "119"
    back = book("split", symbol="AAPL", ratio_from="1", ratio_to="3")
    assert book.position()["quantity"] == "357"
    book.api.post(f"/activities/{back['id']}/reversal", {})
    assert book.position()["quantity"] == "119"


def test_a_spin_off_takes_its_part_of_the_cost(book: Book, api: ApiClient) -> None:
    make_quote(make_instrument("NEW"))
    book("buy", 10, 100)
    book("buy", 10, 200)
    book(
        "spin_off", 5, symbol="NEW", from_symbol="AAPL", cost_share="0.2",
    )  # fmt: skip
    assert book.cost() == (Decimal(20), Decimal(2400))
    new = book.position("NEW")
    assert (new["quantity"], new["cost"]) == ("5", "600")
    lots = [(one["cost"], one["quantity"]) for one in book.read("lots", symbol="NEW")["items"]]
    assert lots == [("200", "2.5"), ("400", "2.5")]


def test_positions_and_values_of_a_past_day(book: Book, apple: Instrument) -> None:
    make_daily_bars(apple, [10, 20, 30], first_at=FIRST.replace(hour=5))
    book("deposit", amount="1000", day=0)
    book("buy", 10, 10, day=0)
    book("split", symbol="AAPL", ratio_from="1", ratio_to="2", day=1)
    book("sell", 5, 30, day=2)
    held = [book.read("positions", as_of=f"2024-01-0{day}")["items"] for day in (1, 2, 3, 4)]
    facts = [[(one["quantity"], one["cost"], one["market_value"]) for one in rows] for rows in held]
    assert facts == [[], [("10", "100", "100")], [("20", "100", "400")], [("15", "75", "450")]]
    days = {one["date"]: one for one in book.read("valuations", end="2024-01-04")["items"]}
    assert days["2024-01-03"]["total_value"] == "1300"
    assert days["2024-01-04"]["cost"] == "75"
    found = book.performance(end="2024-01-04")
    assert (found["end_value"], found["realised_gain"]) == ("1500", "125")
    # Half as much again in three days makes no year.
    assert (found["xirr"], found["reasons"]["xirr"]) == (None, "beyond_measure")
