"""Replacing: it works, it keeps or loses its turn, it is refused, repeated and raced by fills."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from portfolio.bookkeeping.probes import failed_probes
from portfolio.models import Hold
from tests.trading.factories import (
    NOON,
    Clock,
    cash_of,
    facts,
    give_units,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_user,
    place,
    publish_quote,
    status_of,
    units_of,
)
from trading.changing.cancellation import cancel_order
from trading.changing.replacement import Changes, replace_order
from trading.errors import (
    DuplicateClientOrderId,
    OrderBusy,
    OrderDenied,
    OrderFinished,
    OrderUnknown,
)
from trading.models import Fill, Order, OrderCommand, OrderEvent
from trading.states import TimeInForce

pytestmark = pytest.mark.django_db


def ask(order: Order, **changes: Any) -> Order:
    """Numbers may be given as text."""
    numbers: dict[str, Any] = {
        name: value if name in {"client_order_id", "time_in_force"} else Decimal(value)
        for name, value in changes.items()
    }
    return replace_order(order_id=order.id, changes=Changes(**numbers), requested_at=NOON)


def kinds_of(order: Order) -> list[str]:
    events = OrderEvent.objects.filter(order=order).order_by("id")
    return list(events.values_list("kind", flat=True))


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


def test_the_same_client_order_id_gives_the_same_order() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    old = place(portfolio, apple, limit="90", tif="gtc")
    new = ask(old, limit_price="80", client_order_id="mine")
    assert ask(old, limit_price="80", client_order_id="mine").id == new.id
    assert OrderCommand.objects.filter(kind="replace").count() == 1
    with pytest.raises(DuplicateClientOrderId):
        ask(old, limit_price="81", client_order_id="mine")


def test_what_is_busy_finished_or_unknown_is_refused() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    old = place(portfolio, apple, limit="90", tif="gtc")
    new = ask(old, limit_price="80")
    for busy in (old, new):
        with pytest.raises(OrderBusy):
            ask(busy, limit_price="81")
    leading_matcher().work()
    with pytest.raises(OrderFinished) as caught:
        ask(old, limit_price="81")
    assert caught.value.status == "replaced"
    cancel_order(order_id=new.id, requested_at=NOON)
    with pytest.raises(OrderBusy):
        ask(new, limit_price="81")
    with pytest.raises(OrderUnknown):
        replace_order(order_id=uuid4(), changes=Changes(), requested_at=NOON)


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({}, {("", "unchanged")}),
        ({"quantity": "4"}, {("quantity", "filled_already")}),
        ({"quantity": "-1"}, {("quantity", "not_positive")}),
        ({"quantity": "NaN"}, {("quantity", "not_positive")}),
        ({"stop_price": "80"}, {("stop_price", "superfluous")}),
        (
            {"limit_price": "0.001", "trail_pct": "3"},
            {("limit_price", "off_tick"), ("trail_pct", "superfluous")},
        ),
        ({"limit_price": "900"}, {("limit_price", "out_of_band")}),
        ({"client_order_id": ""}, {("client_order_id", "bad_length")}),
    ],
)
def test_every_problem_is_named_at_its_field(
    changes: dict[str, Any], problems: set[tuple[str, str]]
) -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, asks=[("100.00", "4")])
    old = place(portfolio, apple, quantity="10", limit="100", tif="gtc")
    leading_matcher().work()
    with pytest.raises(OrderDenied) as caught:
        ask(old, **changes)
    assert {(problem.field, problem.code) for problem in caught.value.problems} == problems
    assert status_of(old) == "partially_filled"
