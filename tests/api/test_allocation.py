"""What a portfolio is made of, through the API and on its page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from market.models import Instrument
from portfolio.holdings.treemap import squarified
from tests.api.books import Book, load_rates
from tests.api.clients import ApiClient
from tests.factories import make_instrument, make_quote


@pytest.fixture
def book(api: ApiClient, apple: Instrument) -> Book:
    """600 of AAPL, 300 euros of SAP at 2 dollars each, and 400 dollars of cash."""
    load_rates(USD="2")
    Instrument.objects.filter(id=apple.id).update(sector="Technology", country="US")
    make_quote(apple, last="60")
    sap = make_instrument("SAP")
    Instrument.objects.filter(id=sap.id).update(
        currency="EUR", country="DE", asset_class="fund", sector=""
    )
    make_quote(sap, last="30")
    book = Book(api)
    book("deposit", amount="1500", day=0)
    book("buy", 10, 50)
    book("buy", 10, 30, symbol="SAP", currency="EUR", exchange_rate="2")
    return book


def weights(found: dict[str, Any]) -> dict[str, str]:
    return {one["key"]: one["weight_pct"] for one in found["items"]}


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("instrument", {"AAPL": "37.5", "SAP": "37.5", "cash": "25"}),
        ("sector", {"Technology": "37.5", "unknown": "37.5", "cash": "25"}),
        ("asset_class", {"stock": "37.5", "fund": "37.5", "cash": "25"}),
        ("currency", {"USD": "62.5", "EUR": "37.5"}),
        ("country", {"US": "37.5", "DE": "37.5", "cash": "25"}),
    ],
)
def test_it_divides_what_is_there_now(book: Book, by: str, expected: dict[str, str]) -> None:
    found = book.read("allocation", by=by)
    assert (found["total_value"], found["currency"], found["reasons"]) == ("1600", "USD", {})
    assert weights(found) == expected
    values = [Decimal(one["value"]) for one in found["items"]]
    assert sum(values) == 1600
    assert values == sorted(values, reverse=True)


def test_without_a_price_no_weight_is_told(book: Book) -> None:
    make_instrument("DARK")
    book("buy", 1, 5, symbol="DARK")
    found = book.read("allocation")
    assert found["total_value"] is None
    assert found["reasons"] == {"total_value": "no_price"}
    assert found["items"][-1]["key"] == "DARK"
    assert set(weights(found).values()) == {None}


def test_a_dimension_that_is_none_is_refused(book: Book, api: ApiClient) -> None:
    answer = api.get(f"{book.path}/allocation", by="colour")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "by"


def test_the_page_draws_it_and_says_the_same_in_a_table(
    book: Book, alice: User, client: Client
) -> None:
    client.force_login(alice)
    text = client.get(f"/portfolios/{book.id}/allocation?by=currency").content.decode()
    assert text.count("treemap__box treemap__box") == 4  # two boxes, wide and tall
    assert "$1,600.00" in text
    assert "62.50%" in text
    assert client.get(f"/portfolios/{book.id}/allocation?by=nothing").status_code == 200


def test_the_page_names_what_has_no_price(book: Book, alice: User, client: Client) -> None:
    make_instrument("DARK")
    book("buy", 1, 5, symbol="DARK")
    client.force_login(alice)
    text = client.get(f"/portfolios/{book.id}/allocation").content.decode()
    assert "No price or no rate for DARK" in text


@pytest.mark.parametrize("values", [[1.0], [6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0], [1000.0, 0.001]])
def test_boxes_have_areas_in_proportion_and_fill_the_drawing(values: list[float]) -> None:
    tiles = squarified(values, width=600, height=400)
    assert [tile.place for tile in tiles] == list(range(len(values)))
    for tile, value in zip(tiles, values, strict=True):
        assert tile.width * tile.height == pytest.approx(600 * 400 * value / sum(values))
        assert tile.x + tile.width <= 600.001
        assert tile.y + tile.height <= 400.001


def test_the_textbook_treemap_is_squarified_as_published() -> None:
    tiles = squarified([6, 6, 4, 3, 2, 2, 1], width=6, height=4)
    first = [(tile.x, tile.y, tile.width, tile.height) for tile in tiles[:2]]
    assert first == [pytest.approx((0, 0, 3, 2)), pytest.approx((0, 2, 3, 2))]
