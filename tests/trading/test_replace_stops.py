"""Replacing stops and day orders: what they wait for goes over with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.trading.factories import (
    Clock,
    facts,
    give_units,
    leading_matcher,
    make_instrument,
    make_portfolio,
    place,
    publish_quote,
    status_of,
)
from tests.trading.replacing import ask
from trading.errors import (
    OrderDenied,
)
from trading.states import TimeInForce

pytestmark = pytest.mark.django_db


def test_a_stop_moves_with_its_price_and_keeps_waiting() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    publish_quote(apple, last="100.00")
    old = place(portfolio, apple, side="sell", stop="90", tif="gtc")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    new = ask(old, stop_price="80")
    matcher.work()
    assert facts(status_of(old), status_of(new)) == ("replaced", "held")
    publish_quote(apple, bid="84.90", last="85.00", at=clock.advance(seconds=1))
    matcher.work()
    assert status_of(new) == "held"
    publish_quote(apple, bid="79.90", last="80.00", at=clock.advance(seconds=1))
    matcher.work()
    assert status_of(new) == "filled"


@pytest.mark.parametrize("changes", [{"trail_amount": "5"}, {"quantity": "4"}])
def test_a_trailing_stop_keeps_the_best_price_it_has_heard(changes: dict[str, Any]) -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    publish_quote(apple, last="100.00")
    old = place(portfolio, apple, side="sell", trail="10", tif="gtc")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    publish_quote(apple, bid="119.90", ask="120.10", last="120.00", at=clock.advance(seconds=1))
    matcher.work()
    publish_quote(apple, bid="117.90", ask="118.10", last="118.00", at=clock.advance(seconds=1))
    new = ask(old, **changes)
    matcher.work()
    new.refresh_from_db()
    distance = 5 if "trail_amount" in changes else 10
    assert facts(new.status, new.water_mark, new.stop_price) == ("held", 120, 120 - distance)


def test_a_replacement_of_a_stop_that_was_triggered_first_is_rejected() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    publish_quote(apple, last="100.00")
    old = place(portfolio, apple, side="sell", stop="90", limit="89", tif="gtc")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    new = ask(old, stop_price="80", limit_price="79")
    publish_quote(apple, bid="88.00", last="88.50", at=clock.advance(seconds=1))
    matcher.work()
    assert facts(status_of(old), status_of(new)) == ("new", "rejected")


def test_a_triggered_stop_limit_may_move_its_limit_but_not_its_stop() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    publish_quote(apple, last="100.00")
    old = place(portfolio, apple, side="sell", stop="90", limit="89", tif="gtc")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    publish_quote(apple, bid="88.00", last="88.50", at=clock.advance(seconds=1))
    matcher.work()
    with pytest.raises(OrderDenied) as caught:
        ask(old, stop_price="70")
    assert [problem.code for problem in caught.value.problems] == ["triggered"]
    new = ask(old, limit_price="88.50")
    matcher.work()
    assert facts(status_of(old), status_of(new)) == ("replaced", "new")


def test_a_day_order_ends_with_its_own_session() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    old = place(portfolio, apple, limit="90", tif="gtc")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    new = ask(old, time_in_force=TimeInForce.DAY)
    matcher.work()
    assert new.expires_at is not None
    clock.now = new.expires_at + timedelta(seconds=1)
    matcher.work()
    assert status_of(new) == "expired"
