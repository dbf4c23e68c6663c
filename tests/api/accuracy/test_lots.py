"""Worked cases that others published: cost, lots, transfers, and what sales realise."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from market.models import Instrument
from tests.api.books import FIRST, Book, near
from tests.api.clients import ApiClient
from tests.factories import make_daily_bars, make_quote


@pytest.mark.parametrize("method", ["fifo", "average"])
def test_a_sale_between_purchases(api: ApiClient, method: str) -> None:
    book = Book(api, lot_method=method)
    book("buy", 109, amount="3149.20")
    book("sell", 15, amount="531.50")
    book("buy", 52, amount="1684.92")
    book("buy", 32, amount="959.30")
    quantity, cost = book.cost()
    assert quantity == 178
    assert near(cost, "5360.04385")
    assert near(book.realised(), "98.12385")
    assert near(Decimal(book.position()["unrealised_gain"]), "12439.96")


@pytest.mark.parametrize(
    ("method", "cost", "gain"),
    [("fifo", "4400.743853", "98.12"), ("average", "4383.736149", "81.116149")],
)
def test_a_sale_behind_two_purchases(api: ApiClient, method: str, cost: str, gain: str) -> None:
    book = Book(api)
    book("buy", 109, amount="3149.20")
    book("buy", 52, amount="1684.92")
    book("sell", 15, amount="531.50")
    assert near(book.realised(method=method), gain)
    changed = api.patch(book.path, {"lot_method": method})
    assert changed.json()["lot_method"] == method
    assert near(book.cost()[1], cost)
    assert near(book.realised(), gain)


def test_nothing_costs_exactly_nothing(book: Book) -> None:
    book("buy", 10, amount="0.01")
    for quantity in (3, 3, 4):
        book("sell", quantity, amount="0.01")
    assert book.position() == {}
    assert all(lot["remaining_cost"] == "0" for lot in book.read("lots")["items"])
    assert book.realised() == Decimal("0.02")


def test_one_unit_of_half_a_million(book: Book) -> None:
    book("buy", 500_000, amount="450000")
    book("sell", 1, "0.989")
    assert book.cost() == (Decimal(499_999), Decimal("449999.1"))


@pytest.mark.parametrize("how", ["at once", "out first", "in first", "at the same moment"])
def test_lots_travel_at_their_cost_and_date(api: ApiClient, how: str) -> None:
    ours, theirs = Book(api), Book(api)
    ours("buy", 10, 100, fees="10")
    ours("buy", 5, 200, fees="5")
    if how == "at once":
        ours("transfer_out", 12, counterpart=theirs.id, day=10)
    elif how == "out first":
        ours("transfer_out", 12, external_id="move", day=10)
        theirs("transfer_in", 12, external_id="move", day=11)
    elif how == "in first":
        theirs("transfer_in", 12, external_id="move", day=11)
        assert theirs.read("activities")["items"][0]["missing_quantity"] == "12"
        ours("transfer_out", 12, external_id="move", day=10)
    else:
        ours("transfer_out", 12, day=10)
        theirs("transfer_in", 12, day=10)
    assert theirs.cost() == (Decimal(12), Decimal(1412))
    assert ours.cost() == (Decimal(3), Decimal(603))
    lots = [(lot["opened_at"][:10], lot["quantity"]) for lot in theirs.read("lots")["items"]]
    assert lots == [("2024-01-03", "10"), ("2024-01-04", "2")]
    assert ours.realised() == 0
    assert theirs.read("activities")["items"][0]["missing_quantity"] is None
    ours("buy", 1, 50, day=0)
    assert theirs.cost() == (Decimal(12), Decimal(50 + 1010 + 201))


def test_reversing_one_side_of_a_transfer_undoes_both(api: ApiClient) -> None:
    ours, theirs = Book(api), Book(api)
    ours("buy", 10, 100)
    moved = ours("transfer_out", 4, counterpart=theirs.id)
    assert theirs.cost() == (Decimal(4), Decimal(400))
    assert api.post(f"/activities/{moved['id']}/reversal", {}).status_code == 201
    assert theirs.position() == {}
    assert ours.cost() == (Decimal(10), Decimal(1000))


def test_a_transfer_may_bring_lots_that_it_names(book: Book) -> None:
    lots = [
        {"quantity": "10", "unit_price": "100", "opened_at": "2020-01-02T00:00:00Z"},
        {"quantity": "2", "cost": "402", "opened_at": "2021-01-02T00:00:00Z"},
    ]
    book("transfer_in", 12, lots=lots)
    assert book.cost() == (Decimal(12), Decimal(1402))
    assert [lot["opened_at"][:4] for lot in book.read("lots")["items"]] == ["2020", "2021"]


def test_the_running_average(api: ApiClient) -> None:
    book, gain = Book(api, lot_method="average"), Decimal(0)
    for kind, quantity, price, realised, cost in (
        *(("buy", 2, 10, 0, 20), ("sell", 1, 15, 5, 10), ("buy", 1, 30, 0, 40)),
        *(("sell", "1.5", 10, -15, 10), ("buy", 3, 20, 0, 70), ("sell", 2, 30, 20, 30)),
        ("sell", "1.5", 10, -15, 0),
    ):
        book(str(kind), quantity, price)
        gain += Decimal(realised)
        assert book.realised() == gain
        assert (book.cost()[1] if book.position() else 0) == cost


@pytest.mark.parametrize(
    ("method", "bought", "sold", "cost"),
    [
        ("fifo", [(10, 10), (20, 11), (30, 12)], [6, 4, 2, 18, 3], 356),
        ("lifo", [(10, 10), (20, 11), (30, 12)], [7, 23, 19, 1, 9], 670),
        ("hifo", [(10, 10), (20, 12), (30, 11)], [15, 5, 20, 10, 7], 640),
    ],
)
def test_disposals_cost_what_a_textbook_says(
    api: ApiClient, method: str, bought: list[tuple[int, int]], sold: list[int], cost: int
) -> None:
    book = Book(api, lot_method=method)
    for quantity, price in bought:
        book("buy", quantity, price)
    for quantity in sold:
        book("sell", quantity, 10)
    used = book.read("realized")["items"]
    assert sum(Decimal(one["cost"]) for one in used) == cost


def test_a_sale_uses_the_lots_that_it_names(book: Book) -> None:
    book("buy", 10, 100)
    newer = book("buy", 10, 200)
    book("sell", 4, 300, lots=[{"lot_id": newer["id"], "quantity": "4"}])
    assert book.realised() == 400
    assert book.cost() == (Decimal(16), Decimal(1000 + 1200))


def test_a_loss_realised_and_a_loss_left(book: Book, apple: Instrument) -> None:
    make_quote(apple, last="9")
    book("buy", 300, 10)
    book("sell", 200, 8)
    assert book.realised() == -400
    assert Decimal(book.position()["unrealised_gain"]) == -100


def test_an_over_sale_is_flagged(book: Book) -> None:
    book("buy", 6, 100)
    sale = book("sell", 10, 110)
    assert (sale["found_quantity"], sale["missing_quantity"]) == ("6", "4")
    found = book.performance()
    assert found["net_flows"] == "440"
    assert book.realised() == 60


def test_a_batch_is_booked_whole_or_not(api: ApiClient, book: Book) -> None:
    good = {"kind": "deposit", "amount": "5", "occurred_at": FIRST.isoformat()}
    bad = {"kind": "buy", "symbol": "NOPE", "quantity": "1", "unit_price": "1"}
    refused = api.post(f"{book.path}/activities/batch", {"activities": [good, bad]}, key="first")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "1.symbol"
    assert book.read("activities")["items"] == []
    taken = api.post(
        f"{book.path}/activities/batch",
        {"activities": [good, good | {"amount": "7"}]},
        key="second",
    )
    assert [one["amount"] for one in taken.json()["items"]] == ["5", "7"]


def test_the_tax_view_and_the_period_view(book: Book, apple: Instrument) -> None:
    make_daily_bars(apple, [10], first_at=datetime.fromisoformat("2021-12-31T05:00:00+00:00"))
    book("buy", 1, 1, occurred_at="2021-01-01T15:00:00Z")
    book("sell", 1, "1.50", occurred_at="2022-12-31T15:00:00Z")
    year = book.read("realized", start="2022-01-01", end="2022-12-31")
    assert (year["realised_gain"], year["period_gain"]) == ("0.5", "-8.5")
    whole = book.read("realized")
    assert (whole["realised_gain"], whole["period_gain"]) == ("0.5", "0.5")
