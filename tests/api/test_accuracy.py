"""Worked cases that others published, through the API: lots, transfers, splits and currencies."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from market.models import EuroRate, Instrument
from portfolio.bookkeeping.probes import failed_probes
from portfolio.bookkeeping.rebuilding import find_differences
from tests.api.books import FIRST, Book, load_rates, near
from tests.api.clients import ApiClient
from tests.factories import make_daily_bars, make_instrument, make_quote


@pytest.fixture(autouse=True)
def balanced_books(db: None, apple: Instrument) -> Any:
    yield
    from portfolio.models import Portfolio

    assert failed_probes() == []
    for portfolio_id in Portfolio.objects.values_list("id", flat=True):
        assert find_differences(portfolio_id) == []


@pytest.fixture
def book(api: ApiClient) -> Book:
    return Book(api)


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


def test_booked_rates_beat_the_rates_of_the_day(api: ApiClient) -> None:
    load_rates(USD="1.1")
    book = Book(api, currency="EUR", starting_cash="10000")
    buy = book("buy", 10, 100, fees="5", currency="USD", exchange_rate="0.93")
    assert buy["currency"] == "USD"
    assert Decimal(api.get(book.path).json()["cash"]) == 10000 - Decimal("934.65")
    book("sell", 10, 100, fees="5", currency="USD", exchange_rate="0.95")
    assert Decimal(api.get(book.path).json()["cash"]) == Decimal("10010.60")
    assert book.realised() == Decimal("10.60")
    found = book.performance()
    assert Decimal(found["end_value"]) == Decimal("10010.60")


def test_pennies_are_hundredths_of_a_pound(api: ApiClient) -> None:
    shell = make_instrument("SHEL")
    Instrument.objects.filter(id=shell.id).update(currency="GBX")
    make_quote(shell, last="250")
    book = Book(api, currency="GBP", starting_cash="5000")
    book("buy", 1000, "243.08", symbol="SHEL")
    assert Decimal(api.get(book.path).json()["cash"]) == 5000 - Decimal("2430.80")
    held = book.position("SHEL")
    assert (held["cost"], held["market_value"], held["price"]) == ("2430.8", "2500", "250")
    assert (held["local_cost"], held["currency_gain"]) == ("243080", "0")


def test_what_rates_did_is_told_apart(api: ApiClient) -> None:
    load_rates(USD="1.25")
    EuroRate.objects.filter(on_date__gte=date(2024, 1, 10)).update(per_euro=Decimal(1))
    book = Book(api, currency="EUR")
    book("deposit", amount="2000", currency="USD", day=0)
    book("buy", 10, 100, currency="USD", day=0)
    # 1,000 USD of cash and 1,000 USD of cost gained a quarter each; prices stood still at 100.
    held = book.position()
    assert (held["cost"], held["currency_gain"], held["unrealised_gain"]) == ("800", "200", "200")
    found = book.performance()
    assert Decimal(found["end_value"]) == 2000
    assert Decimal(found["currency_effect"]) == 400
    assert Decimal(found["unrealised_gain"]) == 0


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


def test_a_year_of_interest_and_charges_links_to_what_was_published(api: ApiClient) -> None:
    """A worked case of daily returns with flows, interest and fees."""
    book = Book(api)
    book("deposit", amount="10000", day=0)
    for day, events in enumerate(
        (
            [("interest", "230")],
            [("deposit", "200"), ("interest", "200")],
            [("withdrawal", "400"), ("fee", "234.41")],
            [("interest", "293.99")],
            [("interest", "293.99")],
            [("deposit", "5400"), ("interest", "195.99")],
            [("withdrawal", "3697.04"), ("fee", "882.52")],
            [("fee", "1003.85")],
        ),
        start=1,
    ):
        for kind, amount in events:
            book(kind, amount=amount, day=day)
    linked = (
        *(".023", ".042616491", ".019624983", ".049614163", ".079603343", ".092841403"),
        *(".03323197", "-.056182678"),
    )
    for day, expected in enumerate(linked, start=1):
        found = book.performance(end=(FIRST + timedelta(days=day)).date().isoformat())
        assert near(Decimal(found["twr"]), f"{Decimal(expected):.8f}"), (day, found["twr"])
    assert book.performance(end="2024-01-10")["end_value"] == "10596.15"


def test_a_gain_on_nothing_is_one_notice(book: Book) -> None:
    book("interest", amount="1", day=0)
    found = book.performance(end="2024-01-02")
    assert (found["twr"], found["notices"]) == ("0", ["return_without_capital"])


def test_only_inflows_have_no_rate_and_say_why(book: Book) -> None:
    found = book.performance()
    assert found["xirr"] is None
    assert found["reasons"]["xirr"] in {"no_flows", "one_sided"}


def test_a_rate_of_a_loan_that_was_published(book: Book) -> None:
    book("deposit", amount="200", occurred_at="2010-01-01T12:00:00Z")
    book("interest", amount="10", occurred_at="2010-12-31T12:00:00Z")
    found = book.performance(end="2010-12-31")
    assert near(Decimal(found["xirr"]), "0.05014075")


def test_the_tax_view_and_the_period_view(book: Book, apple: Instrument) -> None:
    make_daily_bars(apple, [10], first_at=datetime.fromisoformat("2021-12-31T05:00:00+00:00"))
    book("buy", 1, 1, occurred_at="2021-01-01T15:00:00Z")
    book("sell", 1, "1.50", occurred_at="2022-12-31T15:00:00Z")
    year = book.read("realized", start="2022-01-01", end="2022-12-31")
    assert (year["realised_gain"], year["period_gain"]) == ("0.5", "-8.5")
    whole = book.read("realized")
    assert (whole["realised_gain"], whole["period_gain"]) == ("0.5", "0.5")
