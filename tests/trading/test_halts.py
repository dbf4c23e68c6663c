"""A halted instrument: nothing of it fills, its orders keep their place, new ones are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent
from market.models import Instrument
from portfolio.models import Hold, Portfolio
from tests.api.clients import ApiClient, key_for
from tests.trading.factories import (
    NOON,
    Clock,
    cash_of,
    give_units,
    kinds_of,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_ticket,
    make_user,
    place,
    publish_quote,
    status_of,
)
from trading import orders
from trading.changing.replacement import replace_order
from trading.changing.replacement_drafts import Changes
from trading.halts.halts import (
    AlreadyHalted,
    NotHalted,
    ReasonRefused,
    halt_instrument,
    resume_instrument,
)
from trading.matcher import Matcher
from trading.models import Order
from trading.orders import OrderDenied, cancel_order
from trading.states import OrderClass

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Any:
    return make_user("staff@example.com", tier="admin", is_staff=True)


@pytest.fixture
def apple() -> Instrument:
    instrument = make_instrument()
    publish_quote(instrument, bid="99.90", ask="100.00")
    return instrument


@pytest.fixture
def portfolio() -> Portfolio:
    return make_portfolio()


def halt(instrument: Instrument, staff: Any) -> None:
    halt_instrument(instrument, reason="News pending", halted_at=NOON, halted_by_id=staff.id)


def resume(instrument: Instrument, staff: Any) -> None:
    resume_instrument(instrument, resumed_at=NOON + timedelta(minutes=5), resumed_by_id=staff.id)


def test_nothing_fills_and_everything_goes_on_where_it_stood(
    apple: Instrument, portfolio: Portfolio, staff: Any
) -> None:
    give_units(portfolio, apple, "20")
    resting = place(portfolio, apple, limit="99", quantity="10", tif="gtc")
    stop = place(portfolio, apple, side="sell", stop="98", quantity="10", tif="gtc")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    halt(apple, staff)
    publish_quote(apple, bid="90", ask="90.10", last="90", at=clock.advance(seconds=1))
    matcher.work()
    assert [status_of(one) for one in (resting, stop)] == ["suspended", "suspended"]
    assert cash_of(portfolio).held == 990

    again = Matcher(shard=0, shards=1, clock=clock)  # one that begins anew knows it too
    again.lead()
    again.work()
    assert [status_of(one) for one in (resting, stop)] == ["suspended", "suspended"]
    resume(apple, staff)
    again.work()
    assert [status_of(one) for one in (resting, stop)] == ["new", "held"]
    publish_quote(apple, bid="90", ask="90.10", last="90", at=clock.advance(seconds=1))
    again.work()

    assert [status_of(one) for one in (resting, stop)] == ["filled", "filled"]
    assert kinds_of(resting) == ["placed", "accepted", "suspended", "resumed", "filled"]


def test_new_orders_are_refused_and_those_on_their_way_are_denied(
    apple: Instrument, portfolio: Portfolio, staff: Any
) -> None:
    overtaken = place(portfolio, apple, limit="99")
    halt(apple, staff)
    with pytest.raises(OrderDenied) as refused:
        place(portfolio, apple, limit="99")
    assert [one.code for one in refused.value.problems] == ["halted"]

    leading_matcher().work()

    overtaken.refresh_from_db()
    assert (overtaken.status, bool(overtaken.finished_at)) == ("denied", True)
    assert "halted" in overtaken.status_reason
    assert cash_of(portfolio).held == 0
    assert Hold.objects.get(reference=overtaken.id).released_at is not None


def test_the_exits_of_a_denied_order_end_with_it(
    apple: Instrument, portfolio: Portfolio, staff: Any
) -> None:
    ticket = replace(
        make_ticket(apple, limit="99"),
        order_class=OrderClass.BRACKET,
        take_profit=Decimal(120),
        stop_loss=Decimal(80),
    )
    entry = orders.place_order(portfolio_id=portfolio.id, ticket=ticket, placed_at=NOON)
    halt(apple, staff)

    leading_matcher().work()

    assert status_of(entry) == "denied"
    assert {one.status for one in entry.legs.all()} == {"canceled"}


def test_a_suspended_order_can_be_cancelled_and_not_replaced(
    apple: Instrument, portfolio: Portfolio, staff: Any
) -> None:
    first = place(portfolio, apple, limit="99")
    asked = place(portfolio, apple, limit="98")
    matcher = leading_matcher()
    matcher.work()
    replace_order(
        order_id=asked.id, changes=Changes(limit_price=asked.worst_price - 1), requested_at=NOON
    )
    halt(apple, staff)
    matcher.work()
    assert [status_of(one) for one in (first, asked)] == ["suspended", "suspended"]
    assert [one.status for one in Order.objects.filter(replaces=asked)] == ["rejected"]
    with pytest.raises(OrderDenied):
        replace_order(
            order_id=first.id, changes=Changes(limit_price=first.worst_price - 1), requested_at=NOON
        )

    cancel_order(order_id=first.id, requested_at=NOON)
    matcher.work()

    assert status_of(first) == "canceled"
    assert cash_of(portfolio).held == 980


def test_a_halt_is_one_and_audited(apple: Instrument, staff: Any) -> None:
    with pytest.raises(NotHalted):
        resume(apple, staff)
    with pytest.raises(ReasonRefused):
        halt_instrument(apple, reason="  ", halted_at=NOON, halted_by_id=staff.id)
    halt(apple, staff)
    with pytest.raises(AlreadyHalted):
        halt(apple, staff)
    resume(apple, staff)
    halt(apple, staff)
    said = AuditEvent.objects.filter(target_id=str(apple.public_id)).order_by("id")
    assert [one.action for one in said] == [
        "instrument.halted",
        "instrument.resumed",
        "instrument.halted",
    ]


def test_programs_of_administrators_halt_and_everybody_reads(
    apple: Instrument, portfolio: Portfolio, staff: Any
) -> None:
    api = ApiClient(key_for(portfolio.owner))
    admin = ApiClient(key_for(staff, scopes=("read", "trade", "admin")))
    assert api.post("/instruments/AAPL/halt", {"reason": "No"}).status_code == 403
    made = admin.post("/instruments/AAPL/halt", {"reason": "News pending"})
    assert (made.status_code, made.json()["symbol"]) == (201, "AAPL")
    assert admin.post("/instruments/AAPL/halt", {"reason": "Again"}).status_code == 409
    assert [one["reason"] for one in api.get("/halts").json()["items"]] == ["News pending"]
    refused = api.post(
        "/orders",
        {
            "portfolio_id": str(portfolio.id),
            "symbol": "AAPL",
            "side": "buy",
            "type": "limit",
            "quantity": "1",
            "limit_price": "90",
            "time_in_force": "gtc",
        },
        key="one",
    )
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "halted")
    assert admin.delete("/instruments/AAPL/halt").status_code == 204
    assert admin.delete("/instruments/AAPL/halt").status_code == 409
    assert api.get("/halts").json()["items"] == []


def test_staff_halts_and_resumes_on_the_page(apple: Instrument, staff: Any) -> None:
    client = Client()
    client.force_login(staff)
    wrong = client.post("/operations/halts", {"symbol": "NONE", "reason": "News"})
    assert wrong.status_code == 422
    done = client.post("/operations/halts", {"symbol": "aapl", "reason": "News"}, follow=True)
    assert "Trading in AAPL is halted." in done.content.decode()
    again = client.post("/operations/halts", {"symbol": "AAPL", "reason": "News"})
    assert "halted already" in again.content.decode()
    done = client.post(f"/operations/instruments/{apple.public_id}/resumption", follow=True)
    assert "AAPL trades again." in done.content.decode()
    assert "Earlier halts" in done.content.decode()
