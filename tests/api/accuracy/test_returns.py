"""Worked cases that others published: money-weighted and time-weighted returns, and risk."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.api.books import FIRST, Book, near
from tests.api.clients import ApiClient


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
