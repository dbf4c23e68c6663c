"""Limit orders for extended hours trade before the opening and after the close; others wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from market import calendar
from market.models import Instrument
from portfolio.models import Portfolio
from tests.trading.factories import (
    Clock,
    give_units,
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
from trading.halts.halts import halt_instrument, resume_instrument
from trading.matcher import Matcher
from trading.models import Fill, Order
from trading.orders import OrderDenied
from trading.shards.command_queue import working_orders

pytestmark = pytest.mark.django_db

OPENS = datetime(2026, 3, 4, 14, 30, tzinfo=UTC)  # 09:30 in New York
CLOSES = datetime(2026, 3, 4, 21, 0, tzinfo=UTC)
DAWN = OPENS - timedelta(hours=2)
EVENING = CLOSES + timedelta(hours=1)
NIGHT = CLOSES + timedelta(hours=5)


@pytest.fixture(autouse=True)
def real_hours(settings: Any) -> None:
    settings.SIMULATED_EXCHANGE_HOURS = "real"


@pytest.fixture
def apple() -> Instrument:
    return make_instrument()


@pytest.fixture
def alice() -> Portfolio:
    return make_portfolio()


def extended(portfolio: Portfolio, instrument: Instrument, *, at: datetime, **fields: str) -> Order:
    ticket = replace(make_ticket(instrument, **fields), extended_hours=True)
    return orders.place_order(portfolio_id=portfolio.id, ticket=ticket, placed_at=at)


def test_who_waits_for_the_opening_still_does_after_a_halt_and_a_restart(
    apple: Instrument, alice: Portfolio
) -> None:
    """As one who comes with the opening he pays what the street asks, not his limit."""
    staff = make_user("staff@example.com", tier="admin", is_staff=True)
    waiting = place(alice, apple, limit="101", tif="gtc", at=DAWN)
    clock = Clock(DAWN)
    publish_quote(apple, bid="99", ask="100", at=DAWN)
    matcher = leading_matcher(clock)
    matcher.work()
    halt_instrument(apple, reason="News", halted_at=DAWN, halted_by_id=staff.id)
    matcher.work()
    assert status_of(waiting) == "suspended"

    again = Matcher(shard=0, shards=1, clock=clock)
    again.lead()
    (order,) = working_orders(shard=0, shards=1)
    assert (order.is_queued, order.is_suspended) == (True, True)
    resume_instrument(apple, resumed_at=DAWN, resumed_by_id=staff.id)
    again.work()
    assert status_of(waiting) == "accepted"

    clock.now = OPENS
    publish_quote(apple, bid="99", ask="100", at=OPENS)
    again.work()
    assert status_of(waiting) == "filled"
    assert Fill.objects.get(order=waiting).price == 100


def test_it_fills_before_the_opening_while_others_wait(apple: Instrument, alice: Portfolio) -> None:
    early = extended(alice, apple, limit="101", at=DAWN)
    regular = place(alice, apple, limit="101", at=DAWN)
    clock = Clock(DAWN)
    publish_quote(apple, bid="99", ask="100", at=DAWN)
    matcher = leading_matcher(clock)
    matcher.work()
    assert [status_of(early), status_of(regular)] == ["filled", "accepted"]
    publish_quote(apple, bid="99", ask="100", at=clock.advance(seconds=1))
    matcher.work()
    assert status_of(regular) == "accepted"

    clock.now = OPENS
    publish_quote(apple, bid="99", ask="100", at=OPENS)
    matcher.work()

    assert status_of(regular) == "filled"


def test_what_rests_sleeps_after_the_close_and_keeps_its_turn(
    apple: Instrument, alice: Portfolio
) -> None:
    bob = make_portfolio(make_user("bob@example.com"))
    carol = make_portfolio(make_user("carol@example.com"))
    give_units(carol, apple, "10")
    noon = OPENS + timedelta(hours=2)
    clock = Clock(noon)
    publish_quote(apple, bid="90", ask="110", at=noon)
    older = place(alice, apple, limit="100", tif="gtc", at=noon)
    matcher = leading_matcher(clock)
    matcher.work()
    clock.now = EVENING
    younger = extended(bob, apple, limit="100", tif="gtc", at=EVENING)
    matcher.work()
    selling = extended(carol, apple, side="sell", limit="100", quantity="4", at=EVENING)
    matcher.work()
    assert [status_of(one) for one in (older, younger, selling)] == [
        "new",
        "partially_filled",
        "filled",
    ]

    clock.now = OPENS + timedelta(days=1)
    publish_quote(apple, bid="90", ask="110", at=clock.now)
    matcher.work()
    last = place(carol, apple, side="sell", limit="100", quantity="6", at=clock.now)
    matcher.work()

    assert status_of(last) == "filled"
    older.refresh_from_db()
    assert older.filled_quantity == 6


def test_stops_wait_for_the_regular_session(apple: Instrument, alice: Portfolio) -> None:
    give_units(alice, apple, "10")
    stop = place(alice, apple, side="sell", stop="95", tif="gtc", at=DAWN)
    clock = Clock(DAWN)
    publish_quote(apple, bid="90", ask="91", last="90", at=DAWN)
    matcher = leading_matcher(clock)
    matcher.work()
    assert status_of(stop) == "held"

    clock.now = OPENS
    publish_quote(apple, bid="90", ask="91", last="90", at=OPENS)
    matcher.work()

    assert status_of(stop) == "filled"


def test_a_day_order_for_extended_hours_ends_after_them(
    apple: Instrument, alice: Portfolio
) -> None:
    order = extended(alice, apple, limit="90", at=EVENING)
    assert order.expires_at == CLOSES + timedelta(hours=4)
    night = extended(alice, apple, limit="90", at=NIGHT)
    assert night.expires_at == CLOSES + timedelta(days=1, hours=4)


def test_only_limit_orders_that_may_wait_are_for_extended_hours(
    apple: Instrument, alice: Portfolio
) -> None:
    publish_quote(apple, at=DAWN)
    for fields in ({"stop": "120"}, {"limit": "100", "tif": "ioc"}, {"limit": "100", "tif": "opg"}):
        with pytest.raises(OrderDenied) as refused:
            extended(alice, apple, at=DAWN, **fields)
        assert "limit_only" in [one.code for one in refused.value.problems]


def test_the_hours_follow_early_closes_and_countries() -> None:
    eve = calendar.extended_session_of(datetime(2026, 12, 24, 15, tzinfo=UTC), "XNYS")
    assert eve.opens_at == datetime(2026, 12, 24, 9, 0, tzinfo=UTC)  # 04:00
    assert eve.closes_at == datetime(2026, 12, 24, 22, 0, tzinfo=UTC)  # 17:00
    plain = datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert calendar.extended_session_of(plain, "XLON") == calendar.session_of(plain, "XLON")
