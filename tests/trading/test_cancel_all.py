"""Everything of a portfolio is cancelled at once, each order with an outcome of its own."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portfolio.models import Portfolio
from tests.trading.factories import (
    NOON,
    cash_of,
    facts,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_user,
    place,
    publish_quote,
    status_of,
)
from trading.changing.cancellation import cancel_order, cancel_orders
from trading.models import Order, OrderCommand, OrderEvent


def outcomes(portfolio: Portfolio) -> list[bool]:
    return [one.is_new for one in cancel_orders(portfolio_id=portfolio.id, requested_at=NOON)]


@pytest.mark.django_db
def test_every_working_order_is_cancelled_and_gives_back_its_hold() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    other = make_portfolio(portfolio.owner, name="Other")
    publish_quote(apple)
    filled = place(portfolio, apple)
    matcher = leading_matcher()
    matcher.work()
    placed = [
        place(portfolio, apple, limit="50"),
        place(portfolio, apple, stop="120"),
        place(portfolio, apple, limit="40"),
    ]
    strange = place(other, apple, limit="50")
    matcher.work()
    cancel_order(order_id=placed[0].id, requested_at=NOON)

    assert sorted(outcomes(portfolio)) == [False, True, True]
    assert outcomes(portfolio) == [False, False, False]
    assert [status_of(order) for order in placed] == ["pending_cancel"] * 3
    assert OrderCommand.objects.filter(kind="cancel").count() == 3
    assert OrderEvent.objects.filter(kind="cancel_requested").count() == 3

    matcher.work()
    assert [status_of(order) for order in placed] == ["canceled"] * 3
    assert facts(status_of(filled), status_of(strange)) == ("filled", "new")
    assert cash_of(portfolio).held == 0
    assert outcomes(portfolio) == []


@pytest.mark.django_db
def test_any_number_takes_the_same_few_statements() -> None:
    apple = make_instrument()
    publish_quote(apple)
    counts = []
    for number in (1, 9):
        portfolio = make_portfolio(make_user(f"alice{number}@example.com"))
        for _ in range(number):
            place(portfolio, apple, limit="50")
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert len(outcomes(portfolio)) == number
        counts.append(len(caught))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_ask_for_each_order_once() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    for _ in range(5):
        place(portfolio, apple, limit="50")
    found: list[list[bool]] = []

    def ask() -> None:
        try:
            found.append(outcomes(portfolio))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(sum(one) for one in found) == 5
    assert OrderCommand.objects.filter(kind="cancel").count() == 5
    leading_matcher().work()
    assert set(Order.objects.values_list("status", flat=True)) == {"canceled"}
    assert cash_of(portfolio).held == 0
