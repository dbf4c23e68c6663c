"""Brackets, OTO and OCO: exits sleep, wake, follow one another and share what they hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

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
    publish_quote,
    status_of,
    units_of,
)
from tests.trading.grouping import legs_of, place_group
from tests.trading.replacing import ask
from trading.changing.cancellation import cancel_order, cancel_orders
from trading.changing.replacement import Changes, replace_order
from trading.errors import DuplicateClientOrderId, OrderDenied
from trading.models import Order
from trading.states import TimeInForce

pytestmark = pytest.mark.django_db


def test_a_bracket_waits_enters_and_takes_its_profit() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, ask="100.00", last="100.00")
    entry = place_group(portfolio, apple, limit="99", profit="110", loss="90")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    profit, loss = legs_of(entry)
    assert [status_of(one) for one in (entry, profit, loss)] == ["new", "held", "held"]
    assert facts(profit.type, profit.limit_price, loss.type, loss.stop_price) == (
        "limit",
        110,
        "stop",
        90,
    )
    assert units_of(portfolio, apple).held == 0

    publish_quote(apple, bid="98.90", ask="99.00", last="99.00", at=clock.advance(seconds=1))
    matcher.work()
    assert [status_of(one) for one in (entry, profit, loss)] == ["filled", "new", "held"]
    assert facts(units_of(portfolio, apple).held, units_of(portfolio, apple).available) == (10, 0)
    assert kinds_of(profit) == ["placed", "held", "activated"]
    assert kinds_of(loss) == ["placed", "held", "armed"]

    publish_quote(apple, bid="110.00", ask="110.10", last="110.00", at=clock.advance(seconds=1))
    matcher.work()
    assert [status_of(one) for one in (entry, profit, loss)] == ["filled", "filled", "canceled"]
    units = units_of(portfolio, apple)
    assert facts(units.held, units.total) == (0, 0)
    assert Order.objects.get(id=loss.id).status_reason == "The other exit filled."


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_bracket_stops_its_loss(is_restarted: bool) -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, ask="100.00", last="100.00")
    entry = place_group(portfolio, apple, profit="110", loss="90", tif="day")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    profit, loss = legs_of(entry)
    assert [status_of(one) for one in (entry, profit, loss)] == ["filled", "new", "held"]
    if is_restarted:
        matcher = leading_matcher(clock)

    publish_quote(apple, bid="89.90", ask="90.00", last="89.90", at=clock.advance(seconds=1))
    matcher.work()

    assert [status_of(one) for one in (profit, loss)] == ["canceled", "filled"]
    assert facts(units_of(portfolio, apple).held, units_of(portfolio, apple).total) == (0, 0)
    assert kinds_of(loss)[-2:] == ["triggered", "filled"]


def test_what_one_exit_fills_is_taken_off_the_other() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, ask="100.00", last="100.00")
    entry = place_group(portfolio, apple, profit="110", loss="90")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    profit, loss = legs_of(entry)
    publish_quote(
        apple, bids=[("110.00", "4")], ask="110.10", last="110.00", at=clock.advance(seconds=1)
    )
    matcher.work()
    loss.refresh_from_db()
    assert facts(status_of(profit), loss.status, loss.quantity) == ("partially_filled", "held", 6)
    assert units_of(portfolio, apple).held == 6
    publish_quote(apple, bid="89.00", ask="89.10", last="89.00", at=clock.advance(seconds=1))
    matcher.work()
    assert facts(status_of(profit), status_of(loss)) == ("canceled", "filled")
    assert units_of(portfolio, apple).total == 0


def test_an_entry_cancelled_when_partly_filled_leaves_exits_for_what_it_bought() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, asks=[("100.00", "4")], last="100.00")
    entry = place_group(portfolio, apple, limit="100", profit="110", loss="90")
    matcher = leading_matcher()
    matcher.work()
    profit, loss = legs_of(entry)
    assert facts(status_of(entry), status_of(profit)) == ("partially_filled", "held")
    # What it has bought is for the exits, before they work and after.
    assert facts(units_of(portfolio, apple).held, units_of(portfolio, apple).available) == (4, 0)

    cancel_order(order_id=entry.id, requested_at=NOON)
    matcher.work()

    profit.refresh_from_db()
    loss.refresh_from_db()
    assert facts(profit.status, profit.quantity, loss.status, loss.quantity) == (
        "new",
        4,
        "held",
        4,
    )
    assert facts(units_of(portfolio, apple).held, cash_of(portfolio).held) == (4, 0)


@pytest.mark.parametrize("chosen", [0, 1])
def test_exits_end_together_and_the_entry_goes_on(chosen: int) -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    entry = place_group(portfolio, apple, limit="90", profit="110", loss="80")
    matcher = leading_matcher()
    matcher.work()
    cancel_order(order_id=legs_of(entry)[chosen].id, requested_at=NOON)
    matcher.work()
    assert [status_of(one) for one in (entry, *legs_of(entry))] == ["new", "canceled", "canceled"]


def test_an_entry_that_ends_unfilled_ends_its_exits() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    entry = place_group(portfolio, apple, limit="90", profit="110", loss="80")
    expiring = place_group(portfolio, apple, limit="90", profit="110", loss="80", tif="day")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    cancel_order(order_id=entry.id, requested_at=NOON)
    assert expiring.expires_at is not None
    clock.now = expiring.expires_at
    matcher.work()
    assert [status_of(one) for one in (entry, *legs_of(entry))] == ["canceled"] * 3
    assert [status_of(one) for one in (expiring, *legs_of(expiring))] == ["expired"] * 3
    assert cash_of(portfolio).held == 0
    assert not Hold.objects.filter(released_at=None).exists()


def test_cancelling_all_leaves_nothing_awake() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, asks=[("100.00", "4")], last="100.00")
    entry = place_group(portfolio, apple, limit="100", profit="110", loss="90")
    matcher = leading_matcher()
    matcher.work()
    asked = cancel_orders(portfolio_id=portfolio.id, requested_at=NOON)
    matcher.work()
    assert len(asked) == 3
    assert [status_of(one) for one in (entry, *legs_of(entry))] == ["canceled"] * 3
    assert facts(units_of(portfolio, apple).held, units_of(portfolio, apple).total) == (0, 4)


def test_an_oto_has_one_exit() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, ask="100.00", last="100.00")
    entry = place_group(portfolio, apple, "oto", loss="90", loss_limit="89")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    (loss,) = legs_of(entry)
    assert facts(loss.type, loss.status) == ("stop_limit", "held")
    publish_quote(apple, bid="89.50", ask="89.60", last="89.50", at=clock.advance(seconds=1))
    matcher.work()
    assert status_of(loss) == "filled"


@pytest.mark.parametrize(
    ("bid", "statuses"), [("112", "filled canceled"), ("89", "canceled filled")]
)
def test_of_an_oco_one_happens(bid: str, statuses: str) -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    publish_quote(apple, last="100.00")
    profit = place_group(portfolio, apple, "oco", side="sell", limit="112", loss="90")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    (loss,) = legs_of(profit)
    assert facts(status_of(profit), status_of(loss)) == ("new", "held")
    assert units_of(portfolio, apple).held == 10
    publish_quote(apple, bid=bid, ask="113.00", last=bid, at=clock.advance(seconds=1))
    matcher.work()
    assert f"{status_of(profit)} {status_of(loss)}" == statuses
    assert facts(units_of(portfolio, apple).held, units_of(portfolio, apple).total) == (0, 0)


def test_an_oco_that_fills_at_once_needs_no_stop() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    publish_quote(apple, bid="99.90", last="100.00")
    profit = place_group(portfolio, apple, "oco", side="sell", limit="99", loss="90")
    leading_matcher().work()
    assert [status_of(one) for one in (profit, *legs_of(profit))] == ["filled", "canceled"]


@pytest.mark.parametrize("is_awake", [False, True])
def test_exits_move_with_their_price(is_awake: bool) -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, ask="100.00", last="100.00")
    entry = place_group(
        portfolio, apple, limit="100" if is_awake else "95", profit="110", loss="90"
    )
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    profit, loss = legs_of(entry)
    better = replace_order(
        order_id=profit.id, changes=Changes(limit_price=Decimal(120)), requested_at=NOON
    )
    closer = replace_order(
        order_id=loss.id, changes=Changes(stop_price=Decimal(93)), requested_at=NOON
    )
    matcher.work()
    assert [status_of(one) for one in (profit, loss)] == ["replaced", "replaced"]
    assert [status_of(one) for one in (better, closer)] == ["new" if is_awake else "held", "held"]
    if not is_awake:
        publish_quote(apple, bid="94.80", ask="95.00", last="95.00", at=clock.advance(seconds=1))
        matcher.work()
        assert [status_of(one) for one in (entry, better, closer)] == ["filled", "new", "held"]
    publish_quote(apple, bid="92.90", ask="93.10", last="93.00", at=clock.advance(seconds=1))
    matcher.work()
    assert [status_of(one) for one in (better, closer)] == ["canceled", "filled"]
    assert facts(units_of(portfolio, apple).held, units_of(portfolio, apple).total) == (0, 0)
    with pytest.raises(OrderDenied) as caught:
        place_and_resize(portfolio, apple)
    assert caught.value.problems[0].code == "of_a_group"


def place_and_resize(portfolio: Any, apple: Any) -> None:
    entry = place_group(portfolio, apple, limit="90", profit="110", loss="80")
    replace_order(
        order_id=legs_of(entry)[0].id, changes=Changes(quantity=Decimal(3)), requested_at=NOON
    )


def test_exits_follow_a_replaced_entry() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, ask="100.00", last="100.00")
    entry = place_group(portfolio, apple, limit="90", profit="110", loss="80")
    matcher = leading_matcher()
    matcher.work()
    new = replace_order(
        order_id=entry.id,
        changes=Changes(limit_price=Decimal(100), quantity=Decimal(12)),
        requested_at=NOON,
    )
    matcher.work()
    assert [status_of(one) for one in legs_of(new)] == ["new", "held"]
    assert {one.quantity for one in legs_of(new)} == {Decimal(12)}
    assert facts(status_of(new), units_of(portfolio, apple).held) == ("filled", 12)
    assert legs_of(entry) == []


@pytest.mark.parametrize(
    ("which", "changes", "problem"),
    [
        ("entry", {"time_in_force": TimeInForce.IOC}, ("time_in_force", "not_for_groups")),
        ("entry", {"limit_price": "110"}, ("limit_price", "wrong_side")),
        ("entry", {"limit_price": "80"}, ("limit_price", "wrong_side")),
        ("take-profit", {"limit_price": "90"}, ("limit_price", "wrong_side")),
        ("take-profit", {"limit_price": "75"}, ("limit_price", "wrong_side")),
        ("stop-loss", {"stop_price": "90"}, ("stop_price", "wrong_side")),
        ("stop-loss", {"stop_price": "115"}, ("stop_price", "wrong_side")),
    ],
)
def test_a_replacement_keeps_the_rules_of_its_group(
    which: str, changes: dict[str, Any], problem: tuple[str, str]
) -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, ask="100.00", last="100.00")
    entry = place_group(portfolio, apple, limit="90", profit="110", loss="80")
    leading_matcher().work()
    profit, loss = legs_of(entry)
    old = {"entry": entry, "take-profit": profit, "stop-loss": loss}[which]
    with pytest.raises(OrderDenied) as caught:
        ask(old, **changes)
    assert problem in {(one.field, one.code) for one in caught.value.problems}
    assert status_of(old) == ("new" if which == "entry" else "held")


def test_an_exit_that_works_may_pass_its_entry_and_not_the_other_exit() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, ask="100.00", last="100.00")
    entry = place_group(portfolio, apple, limit="100", profit="110", loss="90")
    matcher = leading_matcher()
    matcher.work()
    loss = legs_of(entry)[1]
    with pytest.raises(OrderDenied, match="the take-profit"):
        ask(loss, stop_price="110")
    closer = ask(loss, stop_price="99.50")
    matcher.work()
    assert status_of(closer) == "held"


def test_repeating_it_returns_the_same_order_and_no_further_exits() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    terms = {"limit": "90", "profit": "110", "client_order_id": "mine"}
    entry = place_group(portfolio, apple, loss="80", **terms)
    assert place_group(portfolio, apple, loss="80", **terms).id == entry.id
    assert Order.objects.count() == 3
    with pytest.raises(DuplicateClientOrderId):
        place_group(portfolio, apple, loss="81", **terms)


def test_what_cannot_be_paid_leaves_no_exits_behind() -> None:
    portfolio, apple = make_portfolio(cash="10"), make_instrument()
    publish_quote(apple)
    with pytest.raises(OrderDenied):
        place_group(portfolio, apple, limit="90", profit="110", loss="80")
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("kind", "fields", "problems"),
    [
        ("bracket", {"profit": "110"}, {("stop_loss", "missing")}),
        ("simple", {"profit": "110"}, {("take_profit", "superfluous")}),
        ("oto", {"profit": "110", "loss": "80"}, {("order_class", "one_exit")}),
        ("oto", {}, {("take_profit", "missing")}),
        ("oco", {}, {("stop_loss", "missing"), ("side", "exits_only")}),
        (
            "bracket",
            {"profit": "110", "loss": "80", "tif": "ioc"},
            {("time_in_force", "not_for_groups")},
        ),
        (
            "bracket",
            {"profit": "80.001", "loss": "95"},
            {
                ("take_profit.limit_price", "off_tick"),
                ("take_profit.limit_price", "wrong_side"),
                ("stop_loss.stop_price", "wrong_side"),
            },
        ),
        (
            "bracket",
            {"profit": "110", "loss": "80", "loss_limit": "10"},
            {("stop_loss.limit_price", "out_of_band")},
        ),
        ("bracket", {"profit": "110", "loss": "80", "side": "sell"}, {("side", "long_only")}),
    ],
)
def test_problems_are_named_at_their_fields(
    kind: str, fields: dict[str, Any], problems: set[tuple[str, str]]
) -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    publish_quote(apple)
    with pytest.raises(OrderDenied) as caught:
        place_group(portfolio, apple, kind, limit="90", **fields)
    assert {(problem.field, problem.code) for problem in caught.value.problems} == problems
