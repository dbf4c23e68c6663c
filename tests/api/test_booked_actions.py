"""Splits and dividends of the market, booked for whoever held the units."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from market.corporate_actions.actions import record_action
from market.corporate_actions.facts import ActionFacts
from market.models import Instrument
from market.models.corporate_actions import ActionKind
from portfolio.bookkeeping.probes import failed_probes
from portfolio.models import JournalEntry
from portfolio.tasks import book_market_actions
from tests.api.books import Book
from tests.api.clients import ApiClient

TODAY = timezone.now().date()
NINE, SIX, THREE = (TODAY - timedelta(days=days) for days in (270, 180, 90))


@pytest.fixture(autouse=True)
def balanced_books(db: None) -> Any:
    yield
    assert failed_probes() == []


def at(day: date) -> str:
    return datetime(day.year, day.month, day.day, 18, tzinfo=UTC).isoformat()


def declare(instrument: Instrument, day: date, amount: str) -> None:
    facts = ActionFacts(
        kind=ActionKind.DIVIDEND,
        ex_date=day,
        pay_date=day + timedelta(days=10),
        amount_per_share=Decimal(amount),
        currency="USD",
    )
    record_action(instrument=instrument, facts=facts, source="test", recorded_at=timezone.now())


def split(instrument: Instrument, day: date, ratio_from: int, ratio_to: int) -> None:
    facts = ActionFacts(
        kind=ActionKind.SPLIT, ex_date=day, ratio_from=ratio_from, ratio_to=ratio_to
    )
    record_action(instrument=instrument, facts=facts, source="test", recorded_at=timezone.now())


def dividends(book: Book) -> Decimal:
    entries = JournalEntry.objects.filter(portfolio=book.id, kind="dividend", reversed_by=None)
    return sum((entry.amount or Decimal(0) for entry in entries), Decimal(0))


@pytest.mark.parametrize(
    ("units", "bought_on", "expected"),
    [
        (1, NINE - timedelta(days=30), "4.95"),
        (2, SIX, "8.00"),
        (1, SIX + timedelta(days=1), "2.11"),
    ],
)
def test_dividends_go_to_who_held_the_units_once(
    api: ApiClient, apple: Instrument, units: int, bought_on: date, expected: str
) -> None:
    book = Book(api, booked_actions="all")
    book("buy", units, 100, occurred_at=at(bought_on))
    for day, amount in ((NINE, "0.95"), (SIX, "1.89"), (THREE, "2.11")):
        declare(apple, day, amount)
    for _ in range(2):
        book_market_actions()
        assert dividends(book) == Decimal(expected)


def test_what_is_recorded_late_is_paid_as_well(api: ApiClient, apple: Instrument) -> None:
    declare(apple, SIX, "1.5")
    book = Book(api, booked_actions="all")
    book("buy", 2, 100, occurred_at=at(NINE))
    assert dividends(book) == 3
    book("buy", 1, 100, occurred_at=at(NINE))
    assert dividends(book) == Decimal("4.5")
    paid = at(SIX + timedelta(days=12))
    book("dividend", symbol="AAPL", amount="4.2", occurred_at=paid)
    assert dividends(book) == Decimal("4.2")


def test_tracked_portfolios_take_splits_and_no_dividends_at_first(
    api: ApiClient, apple: Instrument
) -> None:
    book = Book(api)
    book("buy", 10, 100, occurred_at=at(NINE))
    declare(apple, SIX, "1")
    split(apple, THREE, 1, 2)
    for _ in range(2):
        book_market_actions()
    assert book.cost() == (Decimal(20), Decimal(1000))
    assert dividends(book) == 0
    api.patch(book.path, {"booked_actions": "none"})
    assert book.cost() == (Decimal(10), Decimal(1000))
    api.patch(book.path, {"booked_actions": "all"})
    assert book.position()["quantity"] == "20"
    assert dividends(book) == 10


def test_a_split_that_was_reported_is_not_booked_again(api: ApiClient, apple: Instrument) -> None:
    book = Book(api)
    book("buy", 10, 100, occurred_at=at(NINE))
    book("split", symbol="AAPL", ratio_from="1", ratio_to="2", occurred_at=at(THREE))
    split(apple, THREE, 1, 2)
    book_market_actions()
    assert book.position()["quantity"] == "20"


def test_units_of_the_day_of_the_split_are_not_split(api: ApiClient, apple: Instrument) -> None:
    book = Book(api)
    split(apple, THREE, 1, 2)
    book("buy", 10, 50, occurred_at=at(THREE))
    assert book.position()["quantity"] == "10"
    book("buy", 1, 100, occurred_at=at(THREE - timedelta(days=1)))
    assert book.position()["quantity"] == "12"
