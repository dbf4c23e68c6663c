"""From an accepted order to fills, postings, lots and cash, over the real database."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from portfolio.models import Hold, JournalEntry, Lot, Position
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
from trading.models import Fill, Order, OrderCommand, OrderEvent, Settlement
from trading.orders import cancel_order

pytestmark = pytest.mark.django_db


def test_a_market_buy_fills_at_the_ask_and_books_everything() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, ask="100.00", size="500")
    order = place(portfolio, apple, quantity="10")

    leading_matcher().work()

    order.refresh_from_db()
    assert facts(order.status, order.filled_quantity, order.average_fill_price) == (
        "filled",
        10,
        100,
    )
    fill = Fill.objects.get(order=order)
    assert facts(fill.price, fill.quantity, fill.counterparty) == (100, 10, "street")
    assert fill.quote_at == NOON
    assert JournalEntry.objects.get(external_id=f"fill:{fill.id}").amount == 1000
    assert Settlement.objects.get(fill=fill).due_date.isoformat() == "2026-03-05"
    cash = cash_of(portfolio)
    assert facts(cash.settled, cash.to_deliver, cash.held, cash.available) == (
        100000,
        -1000,
        0,
        99000,
    )
    assert units_of(portfolio, apple).to_receive == 10
    assert Lot.objects.get(portfolio=portfolio).cost == 1000
    assert Position.objects.get(portfolio=portfolio).quantity == 10
    hold = Hold.objects.get(reference=order.id)
    assert facts(hold.amount, hold.remaining) == (1050, 0)
    kinds = OrderEvent.objects.filter(order=order).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["placed", "filled"]
    command = OrderCommand.objects.get()
    assert facts(command.shard, command.sequence) == (0, 1)


def test_a_sale_fills_at_the_bid() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "20")
    publish_quote(apple, bid="110.00", ask="110.10")
    order = place(portfolio, apple, side="sell", quantity="15")
    assert units_of(portfolio, apple).held == 15

    leading_matcher().work()

    assert status_of(order) == "filled"
    units = units_of(portfolio, apple)
    assert facts(units.settled, units.to_deliver, units.held) == (20, -15, 0)
    assert cash_of(portfolio).to_receive == 1650
    assert Position.objects.get(portfolio=portfolio).realised_gain == 150


def test_a_large_order_goes_into_deeper_levels_and_the_next_quote() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, asks=[("100.00", "30"), ("100.05", "20")])
    order = place(portfolio, apple, quantity="80")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    assert status_of(order) == "partially_filled"
    matcher.work()  # the same quote is used up
    order.refresh_from_db()
    assert order.filled_quantity == 50

    publish_quote(apple, asks=[("100.10", "100")], at=clock.advance(seconds=1))
    matcher.work()

    order.refresh_from_db()
    assert order.status == "filled"
    fills = Fill.objects.order_by("id").values_list("price", "quantity")
    assert list(fills) == [
        (Decimal("100.00"), Decimal(30)),
        (Decimal("100.05"), Decimal(20)),
        (Decimal("100.10"), Decimal(30)),
    ]


def test_what_a_quote_showed_stays_used_up_over_a_restart() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, asks=[("100.00", "30")])
    first = place(portfolio, apple, quantity="30")
    leading_matcher().work()
    second = place(portfolio, apple, quantity="10")

    leading_matcher().work()

    assert facts(status_of(first), status_of(second)) == ("filled", "new")


def test_a_limit_order_rests_and_fills_when_a_quote_crosses_it() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, ask="100.00")
    order = place(portfolio, apple, limit="99.00", tif="gtc")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    assert status_of(order) == "new"
    assert cash_of(portfolio).held == 990

    publish_quote(apple, bid="98.40", ask="98.50", at=clock.advance(seconds=1))
    matcher.work()

    order.refresh_from_db()
    assert facts(order.status, order.average_fill_price) == ("filled", Decimal("98.5"))
    assert cash_of(portfolio).held == 0


def test_a_stale_quote_fills_nothing() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, ask="100.00")
    order = place(portfolio, apple, limit="105.00")
    clock = Clock()
    clock.advance(seconds=16)

    leading_matcher(clock).work()

    assert status_of(order) == "new"


def test_users_meet_before_the_street_at_the_resting_price() -> None:
    apple = make_instrument()
    seller = make_portfolio(make_user("bob@example.com"))
    buyer = make_portfolio()
    give_units(seller, apple, "10")
    publish_quote(apple, bid="99.00", ask="100.00", size="100")
    resting = place(seller, apple, side="sell", quantity="10", limit="99.50")
    matcher = leading_matcher()
    matcher.work()

    order = place(buyer, apple, quantity="15")
    matcher.work()

    assert status_of(resting) == status_of(order) == "filled"
    fills = Fill.objects.filter(order=order).order_by("id")
    assert [facts(fill.price, fill.quantity, fill.counterparty) for fill in fills] == [
        (Decimal("99.50"), 10, "user"),
        (100, 5, "street"),
    ]
    assert Fill.objects.filter(match_id=fills[0].match_id).count() == 2


def test_an_order_that_would_meet_its_owner_is_cancelled() -> None:
    alice = make_user()
    portfolio, apple = make_portfolio(alice), make_instrument()
    other = make_portfolio(alice, name="Second")
    give_units(portfolio, apple, "10")
    publish_quote(apple, bid="99.00", ask="101.00")
    resting = place(portfolio, apple, side="sell", quantity="10", limit="100.00")
    order = place(other, apple, quantity="5", limit="100.50")

    leading_matcher().work()

    order.refresh_from_db()
    assert facts(order.status, status_of(resting)) == ("canceled", "new")
    assert "same owner" in order.status_reason
    assert cash_of(other).held == 0


@pytest.mark.parametrize(
    ("tif", "status", "filled"), [("ioc", "canceled", 30), ("fok", "canceled", 0)]
)
def test_orders_that_do_not_rest(tif: str, status: str, filled: int) -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, asks=[("100.00", "30")])
    order = place(portfolio, apple, quantity="50", limit="100.00", tif=tif)

    leading_matcher().work()

    order.refresh_from_db()
    assert facts(order.status, order.filled_quantity) == (status, filled)
    assert cash_of(portfolio).available == 100_000 - 100 * filled


def test_a_cancellation_releases_the_hold() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    order = place(portfolio, apple, limit="90.00")
    matcher = leading_matcher()
    matcher.work()

    cancel_order(order_id=order.id, requested_at=NOON)
    assert status_of(order) == "pending_cancel"
    assert cash_of(portfolio).held == 900
    matcher.work()

    assert status_of(order) == "canceled"
    assert cash_of(portfolio).held == 0


def test_an_order_cancelled_before_the_matcher_came_is_not_left_open() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    order = place(portfolio, apple, limit="90.00")
    cancel_order(order_id=order.id, requested_at=NOON)

    leading_matcher().work()

    assert status_of(order) == "canceled"
    assert OrderCommand.objects.filter(sequence=None).count() == 0


def test_day_orders_end_at_the_close() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    day = place(portfolio, apple, limit="90.00", tif="day")
    gtc = place(portfolio, apple, limit="90.00", tif="gtc")
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    assert day.expires_at is not None
    clock.now = day.expires_at

    matcher.work()

    assert facts(status_of(day), status_of(gtc)) == ("expired", "new")
    assert cash_of(portfolio).held == 900


def test_commissions_are_charged_and_reserved(settings: Any) -> None:
    settings.COMMISSION_SCHEDULE = "retail"
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, asks=[("100.00", "30"), ("101.00", "70")])
    order = place(portfolio, apple, quantity="100")

    leading_matcher().work()

    fills = Fill.objects.filter(order=order).order_by("id").values_list("commission", flat=True)
    assert list(fills) == [Decimal("1.50"), Decimal("3.54")]  # 5 bps of 3,000 and of 10,070
    assert cash_of(portfolio).available == 100_000 - 10_070 - Decimal("5.04")


def test_a_shard_does_only_its_own_instruments() -> None:
    portfolio = make_portfolio()
    instruments = [make_instrument(symbol) for symbol in ("AAPL", "MSFT")]
    for instrument in instruments:
        publish_quote(instrument)
        place(portfolio, instrument, quantity="1")

    leading_matcher(shard=1, shards=2).work()

    filled = Order.objects.get(status="filled")
    assert filled.instrument_id % 2 == 1
    assert Order.objects.get(status="pending_new").instrument_id % 2 == 0


def test_it_takes_no_more_than_the_limit_at_a_time(settings: Any) -> None:
    settings.LIMITS = replace(settings.LIMITS, commands_per_match=2)
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    for _ in range(3):
        place(portfolio, apple, quantity="1")
    matcher = leading_matcher()
    assert [matcher.work() for _ in range(3)] == [2, 1, 0]
