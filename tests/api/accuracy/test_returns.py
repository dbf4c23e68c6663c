"""Worked cases that others published: money-weighted and time-weighted returns, and risk."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

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


def on(day: str) -> str:
    return f"{day}T12:00:00Z"


def told(book: Book, *events: tuple[str, str, str]) -> Book:
    """Money by day, kind and amount, recorded in the order given."""
    for day, kind, amount in events:
        book(kind, amount=amount, occurred_at=on(day))
    return book


def test_ten_years_of_withdrawals_have_the_rate_that_was_published(book: Book) -> None:
    """A closing value of 14,508 is a flow on the end date; the gain in between is internal."""
    drawn = (
        *(("2007-06-11", "200"), ("2008-05-11", "270"), ("2009-05-01", "280")),
        *(("2010-06-01", "280"), ("2011-05-02", "300"), ("2012-04-30", "330")),
    )
    told(book, ("2002-11-30", "deposit", "4398"), ("2005-01-03", "interest", "11770"))
    told(book, *((day, "withdrawal", amount) for day, amount in drawn))
    found = book.performance(end="2012-12-06")
    assert found["end_value"] == "14508"
    assert near(Decimal(found["xirr"]), "0.1444390")


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_flows_recorded_in_any_order_have_one_rate(book: Book, order: tuple[int, ...]) -> None:
    events = (
        *(("2015-06-11", "deposit", "1000"), ("2015-07-21", "deposit", "9000")),
        *(("2015-10-17", "deposit", "3000"), ("2018-06-09", "interest", "7000")),
    )
    told(book, *(events[index] for index in order))
    found = book.performance(end="2018-06-10")
    assert near(Decimal(found["xirr"]), "0.16353716")


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([], "no_flows"),
        ([("2024-01-02", "deposit", "100"), ("2024-01-03", "fee", "100")], "one_sided"),
        ([("2024-01-02", "deposit", "100"), ("2024-01-02", "withdrawal", "100")], "no_flows"),
    ],
)
def test_what_no_rate_explains_is_null_and_says_why(
    book: Book, events: list[tuple[str, str, str]], reason: str
) -> None:
    found = told(book, *events).performance()
    assert (found["xirr"], found["reasons"]["xirr"]) == (None, reason)


@pytest.mark.parametrize("end", ["2012-01-09", "2012-01-10"])
def test_a_later_deposit_leaves_the_return_as_it_was(book: Book, end: str) -> None:
    told(
        book,
        ("2012-01-01", "deposit", "100"),
        ("2012-01-02", "interest", "10"),
        ("2012-01-10", "deposit", "100"),
    )
    assert Decimal(book.performance(end=end)["twr"]) == Decimal("0.1")


@pytest.mark.parametrize(
    ("moves", "depth", "high", "low"),
    [
        # Cumulative 0, .1, .2, -1.4: more than all is lost, because cash goes below zero.
        (["10", "10", "-160"], "1.3333333333", "2024-01-04", "2024-01-05"),
        # Cumulative 1, 1, -.5, 1, 1, 2, 3.
        (["100", "0", "-150", "150", "0", "100", "100"], "0.75", "2024-01-03", "2024-01-05"),
    ],
)
def test_the_deepest_fall_is_from_the_high_before_it(
    book: Book, moves: list[str], depth: str, high: str, low: str
) -> None:
    book("deposit", amount="100", day=0)
    for day, move in enumerate(moves, start=1):
        if Decimal(move):
            kind = "interest" if Decimal(move) > 0 else "fee"
            book(kind, amount=move.removeprefix("-"), day=day)
    found = book.performance(end=(FIRST + timedelta(days=len(moves))).date().isoformat())
    assert found["max_drawdown"] == depth
    assert (found["drawdown"]["high_date"], found["drawdown"]["low_date"]) == (high, low)


@pytest.mark.parametrize(
    ("gain", "days", "yearly"), [("10.25", 65, "0.729705"), ("5", 365, "0.05")]
)
def test_a_return_is_put_as_that_of_a_year(book: Book, gain: str, days: int, yearly: str) -> None:
    book("deposit", amount="100", day=0)
    book("interest", amount=gain, day=1)
    start = (FIRST + timedelta(days=1)).date()
    end = start + timedelta(days=days - 1)
    found = book.performance(start=start.isoformat(), end=end.isoformat())
    assert near(Decimal(found["twr_annualised"]), yearly)
