"""At a split working orders are restated with their holds; what cannot be restated ends."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations.alpaca_api.activities_api import fill_rows
from integrations.alpaca_api.fill_course import filled_by
from integrations.models import OutboxEvent
from market.models import CorporateAction
from portfolio.bookkeeping.probes import failed_probes
from tests.trading.factories import (
    NOON,
    cash_of,
    facts,
    make_instrument,
    make_portfolio,
    place,
    publish_quote,
    status_of,
    units_of,
)
from tests.trading.grouping import legs_of, place_group
from tests.trading.splits.splitting import MIDNIGHT, Desk, adjust, reread, split, terms_of
from trading.changing.cancellation import cancel_order
from trading.changing.split_orders import adjust_orders
from trading.charging.terms import set_commission
from trading.commissions import Schedule
from trading.models import Fill, OrderEvent, SplitRestatement

pytestmark = pytest.mark.django_db


def test_quantity_prices_and_holds_follow_the_ratio(desk: Desk) -> None:
    other = make_instrument("MSFT")
    publish_quote(other)
    buy = desk.place(limit="90.01")
    sale = desk.place(side="sell", limit="150")
    stop = desk.place(stop="120", quantity="1")
    untouched = place(desk.portfolio, other, limit="90", tif="gtc")
    desk.over_the_split()

    assert terms_of(buy) == (40, Decimal("22.5"), None, "new")
    assert terms_of(sale) == (40, Decimal("37.5"), None, "new")
    assert terms_of(stop) == (4, None, 30, "held")
    assert terms_of(untouched)[0] == 10
    # 40 × 22.50, 4 × 31.50 and 10 × 90; 40 units were made of 10, and all of them are held.
    assert cash_of(desk.portfolio).held == 900 + 126 + 900
    units = units_of(desk.portfolio, desk.apple)
    assert facts(units.settled, units.held) == (40, 40)
    event = OrderEvent.objects.filter(order=buy).latest("id")
    assert (event.kind, event.status, event.actor_id) == ("restated", "new", None)
    assert event.details["reason"] == (
        "A split of 4 for 1 took effect on 2026-03-05: quantity 10 → 40, limit 90.01 → 22.5."
    )
    assert failed_probes() == []


def test_the_owner_is_told(desk: Desk, client: Client) -> None:
    buy = desk.place(limit="90")
    desk.over_the_split()
    told = OutboxEvent.objects.get(kind="order.restated", owner_id=desk.portfolio.owner_id)
    assert (told.data["order_id"], told.data["quantity"]) == (str(buy.id), "40")
    assert "limit 90 → 22.5" in told.data["reason"]
    client.force_login(desk.portfolio.owner)
    page = client.get(reverse("trading:order", args=[buy.id])).content.decode()
    assert "Restated" in page
    assert "quantity 10 → 40" in page


def test_no_price_of_after_meets_an_order_of_before(desk: Desk) -> None:
    split(desk.apple)
    order = desk.place(limit="90")
    desk.clock.now = MIDNIGHT + timedelta(seconds=1)
    publish_quote(desk.apple, ask="24", bid="23.9", at=desk.clock.now)
    desk.matcher.work()  # the worker has not looked yet
    assert terms_of(order)[:2] == (40, Decimal("22.5"))
    desk.matcher.work()
    assert status_of(order) == "new"
    publish_quote(desk.apple, ask="22.4", bid="22.3", at=desk.clock.advance(seconds=1))
    desk.matcher.work()
    assert status_of(order) == "filled"
    assert adjust(desk.clock.now) == 0


def test_what_had_filled_is_restated_and_its_fills_are_not(desk: Desk, client: Client) -> None:
    publish_quote(desk.apple, ask="100", size="6")
    order = desk.place(limit="100")
    desk.over_the_split()
    order.refresh_from_db()
    assert facts(order.filled_quantity, order.quantity, order.average_fill_price) == (24, 40, 25)
    assert [fill.quantity for fill in Fill.objects.filter(order=order)] == [6]
    assert facts(cash_of(desk.portfolio).held, order.units_from_splits) == (400, 18)
    client.force_login(desk.portfolio.owner)
    page = client.get(reverse("trading:order", args=[order.id])).content.decode()
    assert 'Of what has filled, made by splits</dt><dd class="amount">18</dd>' in page
    course = filled_by([order.id])[order.id]
    assert [one.quantity for one in course] == [6, 24]
    assert failed_probes() == []

    desk.quote(ask="24", bid="23.9")
    order.refresh_from_db()
    assert facts(order.status, order.filled_quantity, order.average_fill_price) == (
        *("filled", 40),
        (Decimal(600) + 16 * 24) / 40,
    )
    assert cash_of(desk.portfolio).held == 0
    told = fill_rows(list(order.fills.order_by("executed_at", "id")))
    assert [(one["type"], one["qty"], one["cum_qty"], one["leaves_qty"]) for one in told] == [
        ("partial_fill", "6", "6", "4"),
        ("fill", "16", "40", "0"),
    ]
    assert failed_probes() == []


def test_an_entry_that_has_bought_a_part_gives_its_exits_units_of_now(desk: Desk) -> None:
    publish_quote(desk.apple, ask="100", size="6")
    entry = place_group(desk.portfolio, desk.apple, limit="100", profit="120.01", loss="80.01")
    desk.matcher.work()
    desk.over_the_split()
    profit, loss = legs_of(entry)
    assert terms_of(profit) == (40, Decimal("30.01"), None, "held")
    assert terms_of(loss) == (40, None, 20, "held")
    assert units_of(desk.portfolio, desk.apple).held == 24
    assert failed_probes() == []

    cancel_order(order_id=entry.id, requested_at=desk.clock.now)
    desk.matcher.work()
    assert terms_of(profit)[::3] == (24, "new")
    assert terms_of(loss)[::3] == (24, "held")
    assert failed_probes() == []


def test_two_exits_are_restated_together(desk: Desk) -> None:
    lead = place_group(
        desk.portfolio, desk.apple, "oco", side="sell", limit="110", loss="90", quantity="10"
    )
    desk.matcher.work()
    publish_quote(desk.apple, bid="110", ask="111", size="4", at=desk.clock.advance(seconds=1))
    desk.matcher.work()
    desk.over_the_split()
    (loss,) = legs_of(lead)
    assert terms_of(lead) == (40, Decimal("27.5"), None, "partially_filled")
    assert terms_of(loss) == (24, None, Decimal("22.5"), "held")
    assert units_of(desk.portfolio, desk.apple).held == 24
    assert failed_probes() == []

    desk.quote(bid="22", ask="22.1", last="22")
    assert [status_of(lead), status_of(loss)] == ["canceled", "filled"]
    assert units_of(desk.portfolio, desk.apple).held == 0
    assert failed_probes() == []


def test_a_trailing_stop_goes_on_from_its_mark(desk: Desk) -> None:
    order = desk.place(side="sell", trail="5", quantity="10")
    publish_quote(desk.apple, bid="107", last="108", at=desk.clock.advance(seconds=1))
    desk.matcher.work()
    desk.over_the_split()
    order.refresh_from_db()
    assert facts(order.water_mark, order.trail_amount, order.stop_price) == (
        *(27, Decimal("1.25")),
        Decimal("25.75"),
    )
    desk.quote(bid="26", ask="26.1", last="26")
    assert status_of(order) == "held"
    desk.quote(bid="25.7", ask="25.8", last="25.75")
    assert status_of(order) == "filled"


def test_a_reverse_split_ends_orders_and_then_the_units_are_booked(desk: Desk) -> None:
    order = desk.place(side="sell", limit="150")
    action = desk.over_the_split("1 for 5")
    assert status_of(order) == "canceled"
    order.refresh_from_db()
    assert order.status_reason == (
        "A split of 1 for 5 took effect on 2026-03-05, and orders of before end with a reverse"
        " split."
    )
    assert units_of(desk.portfolio, desk.apple).held == 0
    assert adjust_orders(desk.portfolio.id, desk.apple.id, now=MIDNIGHT) == 0
    assert SplitRestatement.objects.get(split=action).restated_at is None


def test_a_reverse_split_of_long_ago_keeps_no_units_from_a_sale(desk: Desk) -> None:
    split(desk.apple, "1 for 5", ex_date=date(2020, 8, 31))
    order = desk.place(side="sell", limit="150", quantity="10")
    desk.over_the_split()
    assert terms_of(order) == (40, Decimal("37.5"), None, "new")
    units = units_of(desk.portfolio, desk.apple)
    assert facts(units.settled, units.held) == (40, 40)


def test_a_group_of_which_one_cannot_stand_ends_as_a_whole(desk: Desk) -> None:
    entry = place_group(desk.portfolio, desk.apple, limit="90", profit="120", loss="0.01")
    desk.matcher.work()
    desk.over_the_split()
    assert {status_of(one) for one in (entry, *legs_of(entry))} == {"canceled"}
    assert facts(cash_of(desk.portfolio).held, units_of(desk.portfolio, desk.apple).held) == (0, 0)


def test_orders_of_a_split_that_is_withdrawn_end(desk: Desk) -> None:
    order = desk.place(limit="90")
    action = desk.over_the_split()
    CorporateAction.objects.filter(id=action.id).update(cancelled_at=MIDNIGHT)
    assert adjust() == 1
    assert adjust() == 0
    desk.matcher.work()
    assert status_of(order) == "canceled"
    asked = OrderEvent.objects.filter(order=order, kind="cancel_requested").get()
    assert asked.details["reason"].endswith("for which it was adjusted, was withdrawn.")


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"is_in_history": True}, id="the simulator's prices knew it"),
        pytest.param({"changed_at": MIDNIGHT + timedelta(minutes=1)}, id="it was told too late"),
    ],
)
def test_prices_that_do_not_jump_end_the_order(desk: Desk, told: dict[str, Any]) -> None:
    order = desk.place(limit="90")
    split(desk.apple, **told)
    desk.clock.now = MIDNIGHT
    adjust()
    desk.matcher.work()
    assert status_of(order) == "canceled"


def test_one_that_cannot_pay_for_more_units_ends(desk: Desk) -> None:
    set_commission(
        portfolio_id=desk.portfolio.id, schedule=Schedule(per_share=Decimal(1)), changed_at=NOON
    )
    order = desk.place(limit="90", quantity="1087")  # 91 each, of 99,000
    desk.over_the_split()
    assert status_of(order) == "canceled"
    assert reread(order).status_reason.startswith("A split took effect, and what it holds")
    assert cash_of(desk.portfolio).held == 0


def test_orders_of_the_ex_date_itself_stay() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, at=MIDNIGHT)
    split(apple)
    place(portfolio, apple, limit="90", tif="gtc", at=MIDNIGHT)
    assert adjust(MIDNIGHT + timedelta(days=3)) == 0


def test_a_split_that_was_cancelled_or_is_long_past_changes_nothing() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    place(portfolio, apple, limit="90", tif="gtc")
    split(apple, ex_date=date(2020, 8, 31))
    split(apple, cancelled_at=NOON)
    assert adjust() == 0
