"""A whole position is sold at the market, as far as no other order sells it already."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from django.db import connection

from market.models import Instrument
from portfolio.models import Portfolio
from tests.trading.factories import (
    NOON,
    facts,
    give_units,
    leading_matcher,
    make_instrument,
    make_portfolio,
    place,
    publish_quote,
    status_of,
    units_of,
)
from trading.changing.cancellation import cancel_order
from trading.changing.closing import Closure, close_position, close_positions
from trading.errors import OrderDenied
from trading.models import Order


def close(portfolio: Portfolio, instrument: Instrument) -> Closure:
    return close_position(portfolio_id=portfolio.id, instrument=instrument, closed_at=NOON)


def refusal(portfolio: Portfolio, instrument: Instrument) -> str:
    with pytest.raises(OrderDenied) as denied:
        close(portfolio, instrument)
    (problem,) = denied.value.problems
    return problem.code


@pytest.mark.django_db
def test_all_units_are_sold() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "30")
    publish_quote(apple)
    closure = close(portfolio, apple)
    assert closure.order is not None
    assert facts(closure.order.side, closure.order.quantity, closure.left) == ("sell", 30, 0)
    assert refusal(portfolio, apple) == "nothing_left"
    leading_matcher().work()
    assert status_of(closure.order) == "filled"
    assert units_of(portfolio, apple).total == 0
    assert refusal(portfolio, apple) == "no_position"


@pytest.mark.django_db
def test_broken_lots_are_left_and_what_orders_may_keep_is_refused() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "30.5")
    publish_quote(apple)

    def close_beside_orders() -> Closure:
        return close_position(
            portfolio_id=portfolio.id, instrument=apple, closed_at=NOON, cancels_orders=False
        )

    resting = place(portfolio, apple, side="sell", limit="150", quantity="10")
    with pytest.raises(OrderDenied) as refused:
        close_beside_orders()
    assert [problem.code for problem in refused.value.problems] == ["insufficient_units"]
    assert status_of(resting) == "pending_new"
    cancel_order(order_id=resting.id, requested_at=NOON)
    leading_matcher().work()
    closure = close_beside_orders()
    assert closure.order is not None
    assert facts(closure.order.quantity, closure.left) == (30, Decimal("0.5"))


@pytest.mark.django_db
def test_one_that_is_refused_keeps_no_other_from_being_sold() -> None:
    portfolio = make_portfolio()
    apple, banana, cherry = (make_instrument(name) for name in ("AAPL", "BANA", "CHRY"))
    for instrument in (apple, banana, cherry):
        give_units(portfolio, instrument, "10")
    publish_quote(apple)
    publish_quote(cherry)
    closures = close_positions(portfolio_id=portfolio.id, closed_at=NOON)
    assert [one.instrument.symbol for one in closures] == ["AAPL", "BANA", "CHRY"]
    assert [one.order is not None for one in closures] == [True, False, True]
    assert [problem.code for problem in closures[1].problems] == ["no_price"]
    assert closures[1].left == 10
    leading_matcher().work()
    assert [units_of(portfolio, one).total for one in (apple, banana, cherry)] == [0, 10, 0]


@pytest.mark.django_db
def test_nothing_held_is_nothing_to_close() -> None:
    portfolio = make_portfolio()
    assert refusal(portfolio, make_instrument()) == "no_position"
    assert close_positions(portfolio_id=portfolio.id, closed_at=NOON) == []


@pytest.mark.django_db(transaction=True)
def test_closed_by_several_at_once_it_is_sold_once() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "30")
    publish_quote(apple)
    refused = []

    def try_to_close() -> None:
        try:
            close(portfolio, apple)
        except OrderDenied as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=try_to_close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert facts(len(refused), Order.objects.count()) == (3, 1)
