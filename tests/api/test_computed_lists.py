"""Lists that are computed come in pages, as those that are stored do."""

from __future__ import annotations

from typing import Any

import pytest

from market.models import Instrument
from tests.api.books import Book
from tests.api.clients import ApiClient, all_items
from tests.factories import make_instrument

LISTS = (
    "positions",
    "realized",
    "performance/instruments",
    "quality-checks",
    "income/payments",
)


@pytest.fixture
def book(api: ApiClient, apple: Instrument) -> Book:
    """Three instruments; what was bought three times was sold at once, and one never bought."""
    book = Book(api)
    for symbol in ("MSFT", "KO"):
        make_instrument(symbol)
    book("deposit", amount="100000", day=0)
    for day, symbol in enumerate(("MSFT", "KO", "AAPL", "AAPL", "AAPL"), 1):
        book("buy", 10, 100 + day, day=day, symbol=symbol)
    book("sell", 25, 120, day=8)
    book("sell", 4, 90, day=9, symbol="KO")
    book("sell", 40, 90, day=10, symbol="MSFT")
    for day, symbol in ((5, "MSFT"), (5, "KO"), (3, "KO")):
        book("dividend", amount="7", symbol=symbol, day=day)
    book("interest", amount="1", day=6)
    return book


@pytest.mark.parametrize("name", LISTS)
def test_pages_are_the_whole_list(book: Book, api: ApiClient, name: str) -> None:
    path = f"{book.path}/{name}"
    whole: list[dict[str, Any]] = api.get(path).json()["items"]
    assert len(whole) >= 2
    assert all_items(api, path, limit=1) == whole
    assert all_items(api, path, limit=len(whole)) == whole


@pytest.mark.parametrize("name", LISTS)
def test_a_place_in_one_list_is_none_in_another(book: Book, api: ApiClient, name: str) -> None:
    other = Book(api)
    cursor = api.get(f"{book.path}/{name}", limit=1).json()["next_cursor"]
    for answer in (
        api.get(f"{other.path}/{name}", cursor=cursor),
        api.get(f"{book.path}/{name}", cursor=cursor + "x"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")
    assert api.get(f"{book.path}/{name}", limit=501).status_code == 422


def test_a_place_belongs_to_its_days(book: Book, api: ApiClient) -> None:
    for name, asked in (
        ("realized", {"method": "lifo"}),
        ("positions", {"as_of": "2024-01-08"}),
        ("income/payments", {"start": "2024-01-03"}),
    ):
        cursor = api.get(f"{book.path}/{name}", limit=1).json()["next_cursor"]
        answer = api.get(f"{book.path}/{name}", cursor=cursor, **asked)
        assert answer.json()["code"] == "bad_cursor", name


def test_sums_are_of_all_sales_on_each_page(book: Book, api: ApiClient) -> None:
    whole = api.get(f"{book.path}/realized").json()
    part = api.get(f"{book.path}/realized", limit=1).json()
    names = ("realised_gain", "period_gain", "currency")
    assert [part[name] for name in names] == [whole[name] for name in names]


def test_payments_in_pages_are_those_of_income(book: Book, api: ApiClient) -> None:
    income = api.get(f"{book.path}/income").json()
    pages = all_items(api, f"{book.path}/income/payments", limit=2)
    assert pages == income["payments"]
    assert [one["symbol"] for one in pages[:1] + pages[-1:]] == ["KO", None]
    within = {"start": pages[1]["paid_on"], "end": pages[2]["paid_on"]}
    assert api.get(f"{book.path}/income/payments", **within).json()["items"] == pages[1:3]
    backwards = {"start": "2024-02-01", "end": "2024-01-01"}
    assert api.get(f"{book.path}/income/payments", **backwards).status_code == 422
