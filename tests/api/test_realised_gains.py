"""Gains realised by year, on their page and as files for whoever declares them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from market.models import Instrument
from tests.api.books import Book
from tests.api.clients import ApiClient
from tests.factories import make_daily_bars


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


def test_gross_and_net_and_the_gain_of_the_year_stand_side_by_side(
    book: Book, alice: User, api: ApiClient, client: Client
) -> None:
    apple = Instrument.objects.get(symbol="AAPL")
    make_daily_bars(apple, [12], first_at=datetime(2023, 12, 29, 5, tzinfo=UTC))
    book("buy", 4, 10, occurred_at="2024-04-01T15:00:00Z", fees="3", taxes="1")
    book("sell", 2, 20, occurred_at="2024-05-01T15:00:00Z", fees="1")
    span = {"start": "2024-01-01", "end": "2024-12-31"}
    charged = book.read("realized", **span)["items"][-1]
    names = ("cost", "purchase_charges", "gross_cost")
    assert [charged[name] for name in names] == ["22", "2", "20"]
    names = ("proceeds", "sale_charges", "gross_proceeds")
    assert [charged[name] for name in names] == ["39", "1", "40"]
    rows = rows_of(api.get(f"{book.path}/realized", format="csv", **span).getvalue())
    # Against 12 when the year began: 8 and 2 units; what was bought within it against its cost.
    assert [one["period_gain"] for one in rows] == ["-56", "6", "17"]
    assert [one["gross_proceeds"] for one in rows] == ["40", "30", "40"]
    client.force_login(alice)
    page = client.get(f"/portfolios/{book.id}/realised?year=2024").content.decode()
    for words in ("−$33.00", "−$56.00", "+$6.00", "charges $2.00", "charges $1.00", "$3.00"):
        assert words in page, words


def test_charges_travel_through_rates_and_are_not_told_apart_in_an_average(
    api: ApiClient, apple: Instrument
) -> None:
    book = Book(api, currency="EUR", starting_cash="10000")
    book("buy", 10, 100, fees="5", currency="USD", exchange_rate="0.93")
    book("sell", 10, 100, fees="5", currency="USD", exchange_rate="0.95")
    (one,) = book.read("realized")["items"]
    assert (one["purchase_charges"], one["sale_charges"]) == ("4.65", "4.75")
    assert (one["gross_cost"], one["gross_proceeds"]) == ("930", "950")
    (average,) = book.read("realized", method="average")["items"]
    assert (average["purchase_charges"], average["gross_cost"]) == (None, None)
    assert average["sale_charges"] == "4.75"


def test_a_lot_tells_the_charges_in_its_cost(api: ApiClient, apple: Instrument) -> None:
    book = Book(api, starting_cash="1000")
    book("buy", 4, 10, fees="3", taxes="1")
    book("transfer_in", 2, 10)
    bought, arrived = book.read("lots")["items"]
    assert (bought["cost"], bought["charges"]) == ("44", "4")
    assert arrived["charges"] is None


def test_an_empty_portfolio_says_what_will_be_there(
    api: ApiClient, alice: User, client: Client
) -> None:
    client.force_login(alice)
    text = client.get(f"/portfolios/{Book(api).id}/realised").content.decode()
    assert "Nothing was sold yet" in text
