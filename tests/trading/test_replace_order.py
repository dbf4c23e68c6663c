"""Replacing: it works, it keeps or loses its turn, and is raced by fills."""

from __future__ import annotations

from typing import Any

import pytest

from portfolio.bookkeeping.probes import failed_probes
from portfolio.models import Hold
from tests.trading.factories import (
    NOON,
    Clock,
    cash_of,
    facts,
    give_units,
    kinds_of,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_user,
    place,
    publish_quote,
    status_of,
    units_of,
)
from tests.trading.replacing import ask
from trading.changing.cancellation import cancel_order
from trading.errors import (
    OrderDenied,
)
from trading.models import Fill
from trading.states import TimeInForce

pytestmark = pytest.mark.django_db


def test_another_price_makes_another_order_and_the_old_one_works_until_then() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    old = place(portfolio, apple, limit="90", tif="gtc")
    matcher = leading_matcher()
    matcher.work()

    new = ask(old, limit_price="91")

    assert facts(status_of(old), status_of(new)) == ("pending_replace", "pending_new")
    assert cash_of(portfolio).held == 910
    assert failed_probes() == []
    matcher.work()

    old.refresh_from_db()
    new.refresh_from_db()
    assert facts(old.status, old.replaced_by_id) == ("replaced", new.id)
    assert facts(new.status, new.replaces_id, new.limit_price) == ("new", old.id, 91)
    assert facts(new.quantity, new.filled_before) == (10, 0)
    assert cash_of(portfolio).held == 910
    assert Hold.objects.get(reference=old.id).released_at is not None
    assert kinds_of(old) == ["placed", "accepted", "replace_requested", "replaced"]
    assert kinds_of(new) == ["placed", "accepted"]


def test_a_lower_price_gives_back_what_it_no_longer_needs_only_then() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    old = place(portfolio, apple, limit="90", tif="gtc")
    matcher = leading_matcher()
    matcher.work()
    ask(old, limit_price="50")
    assert cash_of(portfolio).held == 900
    matcher.work()
    assert cash_of(portfolio).held == 500


def test_all_the_money_may_be_in_the_old_order() -> None:
    portfolio, apple = make_portfolio(cash="900"), make_instrument()
    publish_quote(apple)
    old = place(portfolio, apple, limit="90", tif="gtc")
    matcher = leading_matcher()
    matcher.work()
    cheaper = ask(old, limit_price="45")
    matcher.work()
    new = ask(cheaper, limit_price="90")
    matcher.work()
    assert facts(status_of(new), cash_of(portfolio).held) == ("new", 900)
    with pytest.raises(OrderDenied) as caught:
        ask(new, limit_price="90.01")
    assert caught.value.problems[0].code == "insufficient_buying_power"
    assert status_of(new) == "new"


def test_more_at_a_lower_price_is_covered_even_if_the_old_order_fills_first() -> None:
    portfolio, apple = make_portfolio(cash="900"), make_instrument()
    publish_quote(apple)
    old = place(portfolio, apple, quantity="8", limit="90", tif="gtc")
    # 20 at 40 need 800, but after 8 at 90 there would be 12 left, for 480.
    with pytest.raises(OrderDenied) as caught:
        ask(old, quantity="20", limit_price="40")
    assert "1200" in str(caught.value.problems[0].message)
    new = ask(old, quantity="12", limit_price="40")
    assert cash_of(portfolio).held == 720 + 160
    leading_matcher().work()
    assert facts(status_of(new), cash_of(portfolio).held) == ("new", 480)


def test_a_sale_moves_its_units() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    publish_quote(apple)
    old = place(portfolio, apple, side="sell", quantity="6", limit="120", tif="gtc")
    matcher = leading_matcher()
    matcher.work()
    new = ask(old, quantity="10")
    assert units_of(portfolio, apple).held == 10
    matcher.work()
    assert facts(status_of(new), units_of(portfolio, apple).held) == ("new", 10)
    smaller = ask(new, quantity="2")
    matcher.work()
    assert facts(status_of(smaller), units_of(portfolio, apple).held) == ("new", 2)
    with pytest.raises(OrderDenied) as caught:
        ask(smaller, quantity="11")
    assert caught.value.problems[0].code == "insufficient_units"


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        pytest.param({"quantity": "5"}, "changed", id="less keeps the turn"),
        pytest.param({"quantity": "15"}, "other", id="more loses it"),
        pytest.param({"limit_price": "90.00"}, "changed", id="the same price keeps it"),
        pytest.param({"time_in_force": TimeInForce.DAY}, "other", id="another end loses it"),
    ],
)
@pytest.mark.parametrize("is_restarted", [False, True])
def test_whose_turn_it_is_afterwards(
    changes: dict[str, Any], first: str, is_restarted: bool
) -> None:
    apple = make_instrument()
    publish_quote(apple)
    changed_portfolio = make_portfolio()
    other_portfolio = make_portfolio(make_user("bob@example.com"))
    old = place(changed_portfolio, apple, quantity="10", limit="90.00", tif="gtc")
    other = place(other_portfolio, apple, quantity="10", limit="90.00", tif="gtc")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    new = ask(old, **changes)
    matcher.work()
    if is_restarted:
        matcher = leading_matcher(clock)

    publish_quote(apple, bid="89.00", asks=[("90.00", "3")], at=clock.advance(seconds=1))
    matcher.work()

    filled = Fill.objects.get().order_id
    assert filled == (new.id if first == "changed" else other.id)


def test_what_fills_before_the_matcher_comes_counts_towards_the_quantity() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, asks=[("100.00", "4")])
    old = place(portfolio, apple, quantity="10", limit="100", tif="gtc")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    new = ask(old, quantity="12", limit_price="99")
    assert facts(new.quantity, new.filled_before) == (8, 4)

    # The quote comes first, so the old order still fills at its own price.
    publish_quote(apple, bid="98.00", asks=[("100.00", "5")], at=clock.advance(seconds=1))
    matcher.work()

    old.refresh_from_db()
    new.refresh_from_db()
    assert facts(old.status, old.filled_quantity) == ("replaced", 9)
    assert facts(new.status, new.quantity, new.filled_before) == ("new", 3, 9)
    assert cash_of(portfolio).held == 297


def test_an_order_that_fills_first_cannot_be_replaced() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    old = place(portfolio, apple, limit="90", tif="gtc")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    new = ask(old, limit_price="80")
    publish_quote(apple, bid="89.00", ask="89.50", at=clock.advance(seconds=1))
    matcher.work()
    new.refresh_from_db()
    assert facts(status_of(old), new.status) == ("filled", "rejected")
    assert "came to its end first" in new.status_reason
    assert cash_of(portfolio).held == 0


def test_an_order_that_fills_as_much_as_asked_first_goes_on() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, ask="110.00")
    old = place(portfolio, apple, quantity="10", limit="100", tif="gtc")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    new = ask(old, quantity="3")
    publish_quote(apple, bid="98.00", asks=[("100.00", "4")], at=clock.advance(seconds=1))
    matcher.work()
    old.refresh_from_db()
    assert facts(old.status, old.filled_quantity) == ("partially_filled", 4)
    assert status_of(new) == "rejected"
    assert kinds_of(old)[-2:] == ["partly_filled", "replace_rejected"]
    assert cash_of(portfolio).held == 600
    # It may be tried again.
    again = ask(old, quantity="6")
    matcher.work()
    again.refresh_from_db()
    assert facts(again.status, again.quantity, again.filled_before) == ("new", 2, 4)


def test_a_replacement_that_crosses_fills_at_once() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, ask="100.00")
    old = place(portfolio, apple, limit="90", tif="gtc")
    matcher = leading_matcher()
    matcher.work()
    new = ask(old, limit_price="101")
    matcher.work()
    assert facts(status_of(old), status_of(new)) == ("replaced", "filled")
    assert facts(cash_of(portfolio).held, cash_of(portfolio).available) == (0, 99_000)


def test_an_order_still_on_its_way_can_be_replaced() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    old = place(portfolio, apple, limit="90", tif="gtc")
    new = ask(old, limit_price="80")
    leading_matcher().work()
    assert facts(status_of(old), status_of(new)) == ("replaced", "new")
    assert kinds_of(old) == ["placed", "replace_requested", "accepted", "replaced"]


def test_cancelling_meanwhile_cancels_both() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    old = place(portfolio, apple, limit="90", tif="gtc")
    matcher = leading_matcher()
    matcher.work()
    new = ask(old, limit_price="80")
    cancel_order(order_id=old.id, requested_at=NOON)
    matcher.work()
    assert facts(status_of(old), status_of(new)) == ("replaced", "canceled")
    assert cash_of(portfolio).held == 0
