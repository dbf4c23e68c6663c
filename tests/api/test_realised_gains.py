"""Gains realised by year, on their page and as files for whoever declares them."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from market.models import Instrument
from tests.api.books import Book
from tests.api.clients import ApiClient


@pytest.fixture
def book(api: ApiClient, apple: Instrument) -> Book:
    """In 2023 a gain of 98 after charges; in 2024 a loss of 40 and a gain of 10."""
    Instrument.objects.filter(id=apple.id).update(isin="US0378331005")
    book = Book(api)
    for kind, quantity, price, day, fees in (
        *(("buy", 20, 10, "2022-01-03", "0"), ("sell", 10, 20, "2023-01-04", "2")),
        *(("sell", 8, 5, "2024-02-01", "0"), ("sell", 2, 15, "2024-03-01", "0")),
    ):
        book(str(kind), quantity, price, occurred_at=f"{day}T15:00:00Z", fees=fees)
    return book


def rows_of(content: bytes) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_the_page_adds_up_each_year(book: Book, alice: User, client: Client) -> None:
    client.force_login(alice)
    text = client.get(f"/portfolios/{book.id}/realised").content.decode()
    for words in ("+$98.00", "−$30.00", "−$40.00", "$10.00", "Sales of 2024"):
        assert words in text, words
    earlier = client.get(f"/portfolios/{book.id}/realised?year=2023").content.decode()
    assert "Sales of 2023" in earlier
    assert "366" in earlier  # days held
    for nonsense in ("1999", "abcd", "²²²²"):
        answer = client.get(f"/portfolios/{book.id}/realised?year={nonsense}")
        assert "Sales of 2024" in answer.content.decode()


def test_the_file_of_a_year_has_each_lot_of_each_sale(
    book: Book, alice: User, client: Client
) -> None:
    client.force_login(alice)
    path = f"/portfolios/{book.id}/realised/file"
    answer = client.get(path, {"format": "csv", "year": "2024"})
    assert "attachment" in answer["Content-Disposition"]
    rows = rows_of(answer.getvalue())
    facts = [(one["closed_on"], one["realised_gain"], one["isin"]) for one in rows]
    assert facts == [
        ("2024-02-01", "-40", "US0378331005"),
        ("2024-03-01", "10", "US0378331005"),
    ]
    assert (rows[0]["opened_on"], rows[0]["days_held"]) == ("2022-01-03", "759")
    assert (rows[0]["currency"], rows[0]["lot_method"]) == ("USD", "fifo")
    whole = client.get(path, {"format": "csv"})
    assert len(rows_of(whole.getvalue())) == 3
    assert client.get(path, {"format": "pdf"}).status_code == 422


def test_programs_get_the_same_file(book: Book, api: ApiClient) -> None:
    answer = api.get(f"{book.path}/realized", format="csv", start="2023-01-01", end="2023-12-31")
    (row,) = rows_of(answer.getvalue())
    assert (row["cost"], row["proceeds"], row["realised_gain"]) == ("100", "198", "98")


def test_an_empty_portfolio_says_what_will_be_there(
    api: ApiClient, alice: User, client: Client
) -> None:
    client.force_login(alice)
    text = client.get(f"/portfolios/{Book(api).id}/realised").content.decode()
    assert "Nothing was sold yet" in text
