"""Orders at a split: changed, cancelled or filled meanwhile, and by workers that come twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from portfolio.bookkeeping.probes import failed_probes
from tests.trading.factories import (
    NOON,
    cash_of,
    facts,
    give_units,
    kinds_of,
    make_instrument,
    make_portfolio,
    make_user,
    place,
    publish_quote,
    status_of,
    units_of,
)
from tests.trading.floor import state_of
from tests.trading.grouping import legs_of, place_group
from tests.trading.splits.splitting import MIDNIGHT, Desk, adjust, reread, split, terms_of
from trading.changing.cancellation import cancel_order
from trading.changing.replacement import Changes, replace_order
from trading.changing.split_orders import adjust_orders
from trading.errors import OrderBusy
from trading.models import OrderCommand, OrderEvent

pytestmark = pytest.mark.django_db


def test_the_same_split_again_changes_nothing_wherever_the_worker_died(desk: Desk) -> None:
    order = desk.place(side="sell", limit="150")
    split(desk.apple)
    desk.clock.now = MIDNIGHT
    assert adjust(MIDNIGHT - timedelta(seconds=1)) == 0
    assert adjust() == 1  # it dies before the matcher has come to it
    assert adjust() == 0
    desk.matcher.work()
    assert adjust() == 0
    desk.matcher._shard = None  # a matcher that begins anew
    desk.matcher.work()
    assert terms_of(order)[:2] == (40, Decimal("37.5"))
    assert kinds_of(order).count("restated") == 1
    assert units_of(desk.portfolio, desk.apple).settled == 40


def test_two_splits_told_late_are_both_heeded(desk: Desk) -> None:
    order = desk.place(limit="90")
    split(desk.apple, "2 for 1")
    split(desk.apple, "3 for 1", ex_date=date(2026, 3, 6))
    desk.clock.now = MIDNIGHT + timedelta(days=2)
    assert adjust(desk.clock.now) == 1
    desk.matcher.work()
    assert terms_of(order)[:2] == (60, 15)
    assert kinds_of(order)[-2:] == ["restated", "restated"]


def test_it_keeps_its_turn_and_the_books_are_those_of_the_table(desk: Desk) -> None:
    bob = make_portfolio(make_user("bob@example.com"))
    first = desk.place(limit="90")
    second = place(bob, desk.apple, limit="90.02", tif="gtc")
    desk.over_the_split()
    third = place(bob, desk.apple, limit="22.50", quantity="40", tif="gtc", at=MIDNIGHT)
    desk.matcher.work()
    kept = state_of(desk.matcher._shard)
    assert state_of(desk.matcher._rebuild()) == kept
    # All at 22.50 by now: 90.02 is rounded down to it.
    desk.quote(bid="22.30", ask="22.40", size="50")
    assert [one.filled_quantity for one in map(reread, (first, second, third))] == [40, 10, 0]


@pytest.mark.parametrize("is_asked_first", [True, False])
def test_a_cancellation_wins_wherever_it_stands(desk: Desk, is_asked_first: bool) -> None:
    order = desk.place(limit="90")
    split(desk.apple)
    desk.clock.now = MIDNIGHT
    if not is_asked_first:
        adjust()
    cancel_order(order_id=order.id, requested_at=MIDNIGHT)
    adjust()
    desk.matcher.work()
    assert status_of(order) == "canceled"
    assert cash_of(desk.portfolio).held == 0


def test_what_fills_before_its_turn_fills_in_units_of_then(desk: Desk) -> None:
    order = desk.place(limit="90")
    split(desk.apple)
    desk.clock.now = MIDNIGHT + timedelta(hours=12)
    adjust(desk.clock.now)
    publish_quote(desk.apple, ask="89", bid="88.9", size="4", at=desk.clock.now)
    desk.matcher.work()  # the price of then comes before the commands
    assert facts(reread(order).filled_quantity, order.quantity, order.limit_price) == (
        *(16, 40),
        Decimal("22.5"),
    )
    assert cash_of(desk.portfolio).held == 24 * Decimal("22.5")
    assert failed_probes() == []


def test_it_is_replaced_before_or_after_and_not_meanwhile(desk: Desk) -> None:
    order = desk.place(limit="90")
    early = replace_order(
        order_id=order.id, changes=Changes(limit_price=Decimal(88)), requested_at=NOON
    )
    split(desk.apple)
    desk.clock.now = MIDNIGHT
    adjust()
    desk.matcher.work()
    assert status_of(order) == "replaced"
    assert terms_of(early)[:2] == (40, 22)

    split(desk.apple, "2 for 1", ex_date=date(2026, 3, 6))
    desk.clock.now = later = MIDNIGHT + timedelta(days=1)
    adjust(later)
    wish = Changes(limit_price=Decimal(10), quantity=Decimal(60))
    with pytest.raises(OrderBusy, match="being adjusted to a split"):
        replace_order(order_id=early.id, changes=wish, requested_at=later)
    desk.matcher.work()
    late = replace_order(order_id=early.id, changes=wish, requested_at=later)
    desk.matcher.work()
    assert terms_of(late)[:2] == (60, 10)
    assert cash_of(desk.portfolio).held == 600


def test_repeating_the_request_returns_the_order_as_it_is_now(desk: Desk) -> None:
    order = desk.place(limit="90", client_order_id="mine")
    desk.over_the_split()
    again = place(
        desk.portfolio, desk.apple, limit="90", tif="gtc", client_order_id="mine", at=MIDNIGHT
    )
    assert facts(again.id, again.quantity) == (order.id, 40)


def test_a_group_changed_since_the_split_began_ends(desk: Desk) -> None:
    lead = place_group(
        desk.portfolio, desk.apple, "oco", side="sell", limit="150", loss="90", quantity="10"
    )
    desk.matcher.work()
    (loss,) = legs_of(lead)
    desk.clock.now = MIDNIGHT
    new = replace_order(
        order_id=loss.id, changes=Changes(stop_price=Decimal(22)), requested_at=MIDNIGHT
    )
    desk.matcher.work()
    desk.over_the_split()  # told late
    assert [status_of(one) for one in (lead, loss, new)] == ["canceled", "replaced", "canceled"]
    asked = OrderEvent.objects.filter(order=lead, kind="cancel_requested").get()
    assert "its group was changed" in asked.details["reason"]


@pytest.mark.django_db(transaction=True)
def test_many_at_once_ask_once_for_each_order() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    publish_quote(apple)
    for _ in range(6):
        place(portfolio, apple, limit="90", quantity="1", tif="gtc")
    split(apple)
    connection.close()

    def ask(_: int) -> int:
        try:
            return adjust_orders(portfolio.id, apple.id, now=MIDNIGHT)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(ask, range(4))) == 6
    assert OrderCommand.objects.filter(kind="restate").count() == 6
    assert units_of(portfolio, apple).settled == 40
