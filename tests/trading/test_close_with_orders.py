"""A position whose units working orders hold is sold when those have ended."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import AuditEvent
from integrations.models import OutboxEvent
from integrations.notifications.wording import wording_of
from market.models import Instrument
from portfolio.models import Portfolio
from tests.api.clients import ApiClient, key_for
from tests.trading.factories import (
    NOON,
    Clock,
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
from tests.trading.grouping import place_group
from trading.changing.closing import Closure, close_position, close_positions
from trading.changing.closing_followed import carry_out, carry_out_closings
from trading.errors import OrderDenied
from trading.models import Order, PositionClosing

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(seconds=5)


def close(portfolio: Portfolio, instrument: Instrument) -> Closure:
    return close_position(portfolio_id=portfolio.id, instrument=instrument, closed_at=NOON)


def with_exits(portfolio: Portfolio, instrument: Instrument) -> list[Order]:
    """20 units: a limit holds 5, an OCO 10, the rest is free."""
    give_units(portfolio, instrument, "20")
    publish_quote(instrument)
    limit = place(portfolio, instrument, side="sell", limit="150", quantity="5", tif="gtc")
    oco = place_group(portfolio, instrument, "oco", side="sell", limit="140", loss="80")
    return [limit, oco, *oco.legs.all()]


def test_orders_end_first_and_then_all_of_it_is_sold() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    exits = with_exits(portfolio, apple)
    resting_buy = place(portfolio, apple, limit="50", tif="gtc")
    matcher = leading_matcher()
    matcher.work()

    closure = close(portfolio, apple)

    assert (closure.order, closure.is_pending) == (None, True)
    assert {status_of(one) for one in exits} == {"pending_cancel"}
    assert carry_out_closings(at=NOON) == 0
    matcher.work()
    assert {status_of(one) for one in exits} == {"canceled"}
    assert carry_out_closings(at=LATER) == 1
    closing = PositionClosing.objects.get()
    assert (closing.outcome, closing.problems) == ("placed", [])
    assert closing.order is not None
    assert facts(closing.order.quantity, closing.order.type) == (20, "market")
    matcher.work()
    assert units_of(portfolio, apple).total == 0
    assert status_of(resting_buy) == "new"
    assert AuditEvent.objects.filter(action="position.closing_requested").count() == 1


def test_asked_again_it_is_asked_once_and_carried_out_once() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    with_exits(portfolio, apple)
    assert close(portfolio, apple).is_pending
    assert close(portfolio, apple).is_pending
    leading_matcher().work()
    closing = PositionClosing.objects.get()
    assert carry_out(closing.id, at=LATER)
    assert not carry_out(closing.id, at=LATER)
    assert Order.objects.filter(type="market").count() == 1


def test_a_sale_that_would_be_refused_leaves_the_orders_alone() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    stop = place(portfolio, apple, side="sell", stop="80", quantity="10", tif="gtc")
    with pytest.raises(OrderDenied) as denied:
        close(portfolio, apple)
    assert [one.code for one in denied.value.problems] == ["no_price"]
    assert status_of(stop) == "pending_new"
    assert not PositionClosing.objects.exists()


def test_a_price_that_is_late_is_waited_for_and_then_it_is_refused() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    with_exits(portfolio, apple)
    close(portfolio, apple)
    leading_matcher().work()
    asked = PositionClosing.objects.get()
    assert not carry_out(asked.id, at=NOON + timedelta(seconds=40))
    assert carry_out(asked.id, at=NOON + timedelta(seconds=70))
    asked.refresh_from_db()
    assert (asked.outcome, [one["code"] for one in asked.problems]) == ("refused", ["no_price"])


def test_an_exit_that_fills_meanwhile_leaves_less_to_sell() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    publish_quote(apple, bid="100.00", ask="100.10")
    place(portfolio, apple, side="sell", limit="100", quantity="10")
    # As the matcher had it before it came to the cancellation.
    assert close(portfolio, apple).is_pending
    leading_matcher().work()
    assert carry_out_closings(at=LATER) == 1
    closing = PositionClosing.objects.get()
    assert [one["code"] for one in closing.problems] == ["no_position"]
    assert not OutboxEvent.objects.filter(kind="position.not_closed").exists()


def test_all_positions_close_each_in_its_way() -> None:
    portfolio = make_portfolio()
    apple, banana = make_instrument(), make_instrument("BANA")
    with_exits(portfolio, apple)
    give_units(portfolio, banana, "3")
    publish_quote(banana)
    closures = close_positions(portfolio_id=portfolio.id, closed_at=NOON)
    told = [(one.instrument.symbol, one.is_pending, one.order is not None) for one in closures]
    assert told == [("AAPL", True, False), ("BANA", False, True)]


def test_the_end_of_the_last_order_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(
        "trading.changing.closing_followed.request_carrying_out", lambda: asked.append(True)
    )
    portfolio, apple = make_portfolio(), make_instrument()
    with_exits(portfolio, apple)
    close(portfolio, apple)
    with django_capture_on_commit_callbacks(execute=True):
        leading_matcher(Clock(LATER)).work()
    assert asked == [True]


@pytest.mark.django_db(transaction=True)
def test_closed_by_several_at_once_it_is_asked_once() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    with_exits(portfolio, apple)
    outcomes: list[bool] = []

    def work() -> None:
        try:
            outcomes.append(close(portfolio, apple).is_pending)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert (outcomes, PositionClosing.objects.count()) == ([True] * 4, 1)


def test_programs_and_pages_see_what_becomes_of_it() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    with_exits(portfolio, apple)
    close(portfolio, apple)
    api, page, stranger = ApiClient(key_for(portfolio.owner)), Client(), Client()
    page.force_login(portfolio.owner)
    stranger.force_login(make_user("charlie@example.com"))
    address = f"/portfolios/{portfolio.id}/closures"
    (item,) = api.get(address).json()["items"]
    assert (item["symbol"], item["outcome"], item["order_id"]) == ("AAPL", "pending", None)
    shown = page.get("/closures").content.decode()
    assert "AAPL is sold at the market as soon as" in shown
    assert "closings-changed from:body" in shown
    assert "AAPL" not in stranger.get("/closures").content.decode()
    PositionClosing.objects.update(requested_at=NOON - timedelta(minutes=5))
    leading_matcher().work()
    carry_out_closings(at=NOON + timedelta(minutes=5))
    assert api.get(address).json()["items"][0]["outcome"] == "refused"
    event = OutboxEvent.objects.get(kind="position.not_closed", owner_id=portfolio.owner_id)
    told = wording_of(event.kind, event.data)
    assert told.title == "AAPL was not sold"
    assert told.text.endswith("The orders that held it have ended.")
