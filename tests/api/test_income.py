"""Dividends and interest paid and declared, through the API and on their page."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from market.corporate_actions.actions import record_action
from market.corporate_actions.facts import ActionFacts
from market.models import Instrument
from market.models.corporate_actions import ActionKind
from portfolio.tasks import book_market_actions
from tests.api.books import Book, load_rates
from tests.api.clients import ApiClient
from tests.api.explanations import assert_adds_up
from tests.factories import make_instrument

TODAY = timezone.now().date()


@pytest.fixture
def book(api: ApiClient, apple: Instrument) -> Book:
    load_rates(USD="1.25")
    book = Book(api)
    book("buy", 10, 100, day=0)
    book("dividend", amount="20", taxes="3", symbol="AAPL", day=10)
    book("dividend", amount="8", symbol="AAPL", currency="EUR", exchange_rate="1.5", day=12)
    book("interest", amount="1", day=40)
    return book


def declare(
    instrument: Instrument, ex_date: date, pay_date: date | None, amount: str, currency: str = "USD"
) -> None:
    facts = ActionFacts(
        kind=ActionKind.DIVIDEND,
        ex_date=ex_date,
        pay_date=pay_date,
        amount_per_share=Decimal(amount),
        currency=currency,
    )
    record_action(instrument=instrument, facts=facts, source="test", recorded_at=timezone.now())


def test_months_add_up_what_was_paid(book: Book) -> None:
    found = book.read("income")
    assert (found["gross"], found["net"], found["currency"]) == ("33", "30", "USD")
    first, second = found["months"]
    assert (first["year"], first["month"], first["dividends"]) == (2024, 1, "32")
    assert (first["taxes"], first["interest"], first["net"]) == ("3", "0", "29")
    assert (second["month"], second["interest"]) == (2, "1")
    paid = [(one["paid_on"], one["symbol"], one["amount"]) for one in found["payments"]]
    assert paid == [
        ("2024-01-12", "AAPL", "20"),
        ("2024-01-14", "AAPL", "12"),
        ("2024-02-11", None, "1"),
    ]
    assert found["payments"][1]["local_amount"] == "8"


def test_a_period_takes_its_days_only(book: Book) -> None:
    assert book.read("income", start="2024-01-13", end="2024-01-31")["gross"] == "12"
    assert book.read("income", start="2024-03-01", end="2024-03-31")["gross"] == "0"


def test_what_was_reversed_was_never_paid(book: Book, api: ApiClient) -> None:
    (wrong, *_) = book.read("income")["payments"]
    assert api.post(f"/activities/{wrong['activity_id']}/reversal", {}).status_code == 201
    assert book.read("income")["gross"] == "13"


def test_a_period_that_makes_no_sense_is_refused(book: Book, api: ApiClient) -> None:
    answer = api.get(f"{book.path}/income", start="2024-02-01", end="2024-01-01")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "start"


def test_declared_dividends_are_foretold_for_the_units_held(book: Book, apple: Instrument) -> None:
    ago, soon, later = (TODAY + timedelta(days=days) for days in (-5, 9, 40))
    declare(apple, ago, soon, "0.5")  # the units of before its ex-date
    declare(apple, soon, later, "0.25", "EUR")  # the units held now
    book("sell", 4, 100, occurred_at=f"{TODAY - timedelta(days=2)}T15:00:00Z")
    first, second = book.read("income")["forecast"]
    assert (first["units"], first["amount"], first["value"]) == ("10", "5", "5")
    assert (first["ex_date"], first["pay_date"]) == (str(ago), str(soon))
    assert (second["units"], second["amount"], second["value"]) == ("6", "1.5", "1.875")


def test_what_was_paid_is_not_foretold_again(book: Book, apple: Instrument) -> None:
    declare(apple, TODAY - timedelta(days=3), TODAY, "0.5")
    book("dividend", amount="5", symbol="AAPL", occurred_at=f"{TODAY}T00:00:01Z")
    assert book.read("income")["forecast"] == []


def test_a_dividend_without_a_rate_has_no_value(book: Book, apple: Instrument) -> None:
    declare(apple, TODAY + timedelta(days=2), None, "1", "XAU")
    (one,) = book.read("income")["forecast"]
    assert (one["amount"], one["value"], one["pay_date"]) == ("10", None, one["ex_date"])


def test_what_is_not_held_pays_nothing(book: Book) -> None:
    declare(make_instrument("MSFT"), TODAY + timedelta(days=2), None, "1")
    assert book.read("income")["forecast"] == []


def test_what_has_accrued_is_told_with_cash_income_and_their_explanations(
    api: ApiClient, apple: Instrument
) -> None:
    book = Book(api, booked_actions="all")
    book("deposit", amount="1000", day=0)
    book("buy", 10, 100, day=0)
    declare(apple, TODAY - timedelta(days=5), TODAY + timedelta(days=9), "0.5")
    declare(apple, TODAY + timedelta(days=20), TODAY + timedelta(days=30), "0.25")
    book_market_actions()
    told = api.get(book.path).json()
    assert (told["cash"], told["accrued"], told["buying_power"]) == ("5", "5", "0")
    assert (told["settled_cash"], told["balances"][0]["accrued"]) == ("0", "5")
    income = book.read("income")
    assert (income["gross"], income["accrued"]) == ("0", "5")
    assert [one["is_accrued"] for one in income["forecast"]] == [True, False]
    found = book.read("explanations/accrued_income")
    assert_adds_up(found, "5")
    (line,) = found["parts"][0]["lines"]
    assert line["note"] == "10 × 0.50 USD"
    (cash,) = book.read("explanations/cash")["parts"][0]["lines"]
    assert (cash["value"], cash["note"]) == ("5", "of it $5.00 accrued")
    assert book.read("explanations/buying_power")["value"] == "0"
    entries = book.read("journal")["items"]
    assert [one["kind"] for one in entries][:1] == ["accrual"]
    kinds = {(one["account_kind"], one["amount"]) for one in entries[0]["postings"]}
    assert kinds == {("accrued", "5"), ("unpaid", "-5")}
    assert "accrual" not in {one["kind"] for one in book.read("activities")["items"]}


def test_the_page_shows_months_calendar_and_forecast(
    book: Book, alice: User, client: Client, apple: Instrument
) -> None:
    declare(apple, TODAY + timedelta(days=1), TODAY + timedelta(days=5), "0.5")
    client.force_login(alice)
    text = client.get(f"/portfolios/{book.id}/income?year=2024").content.decode()
    for words in ("$33.00", "$30.00", "$5.00", "January 2024", "12 Jan"):
        assert words in text, words
    assert client.get(f"/portfolios/{book.id}/income?year=nonsense").status_code == 200
