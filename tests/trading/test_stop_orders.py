"""Stops wait, held, until the last price reaches them; then they take their turn."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from market.models import Instrument
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
from trading.matcher import Matcher
from trading.models import Fill, Order, OrderCommand
from trading.orders import DuplicateClientOrderId, OrderDenied, cancel_order

pytestmark = pytest.mark.django_db


class Tape:
    """Publishes prices a second apart and lets the matcher take each in."""

    def __init__(self, instrument: Instrument, clock: Clock, matcher: Matcher) -> None:
        self.instrument = instrument
        self.clock = clock
        self.matcher = matcher

    def print(self, last: str, *, size: str = "500") -> None:
        middle = Decimal(last)
        publish_quote(
            self.instrument,
            bid=str(middle - Decimal("0.05")),
            ask=str(middle + Decimal("0.05")),
            size=size,
            last=last,
            at=self.clock.advance(seconds=1),
        )
        self.matcher.work()


def make_tape(symbol: str = "AAPL", *, last: str = "100.00") -> Tape:
    instrument, clock = make_instrument(symbol), Clock()
    publish_quote(instrument, bid="99.95", ask="100.05", last=last)
    return Tape(instrument, clock, leading_matcher(clock))


def test_a_stop_sale_waits_and_then_sells_at_the_market() -> None:
    portfolio, tape = make_portfolio(), make_tape()
    give_units(portfolio, tape.instrument, "10")
    order = place(portfolio, tape.instrument, side="sell", stop="95.00")
    tape.matcher.work()
    assert status_of(order) == "held"
    assert units_of(portfolio, tape.instrument).held == 10

    tape.print("95.01")
    assert status_of(order) == "held"
    tape.print("95.00")

    order.refresh_from_db()
    assert facts(order.status, order.average_fill_price) == ("filled", Decimal("94.95"))
    assert order.triggered_at == tape.clock.now
    assert kinds_of(order) == ["placed", "held", "triggered", "filled"]
    assert units_of(portfolio, tape.instrument).held == 0
    commands = OrderCommand.objects.order_by("sequence").values_list("kind", "sequence", "shard")
    assert list(commands) == [("place", 1, 0), ("trigger", 2, 0)]


def test_a_stop_buy_holds_its_stop_moved_by_the_collar() -> None:
    portfolio, tape = make_portfolio(), make_tape()
    order = place(portfolio, tape.instrument, stop="110.00")
    assert Hold.objects.get(reference=order.id).amount == 1155
    tape.matcher.work()
    tape.print("109.99")
    assert status_of(order) == "held"

    tape.print("111.00")

    order.refresh_from_db()
    assert facts(order.status, order.average_fill_price) == ("filled", Decimal("111.05"))
    assert facts(cash_of(portfolio).held, order.worst_price) == (0, Decimal("115.50"))


def test_a_buy_that_gaps_past_its_collar_waits_for_the_market_to_come_back() -> None:
    portfolio, tape = make_portfolio(), make_tape()
    order = place(portfolio, tape.instrument, stop="110.00")
    tape.matcher.work()
    tape.print("120.00")
    assert facts(status_of(order), Fill.objects.count()) == ("new", 0)
    tape.print("115.00")
    assert status_of(order) == "filled"


def test_a_sale_that_gaps_still_sells_within_the_collar_of_what_triggered_it() -> None:
    portfolio, tape = make_portfolio(), make_tape()
    give_units(portfolio, tape.instrument, "10")
    order = place(portfolio, tape.instrument, side="sell", stop="95.00")
    tape.matcher.work()
    tape.print("60.00")
    order.refresh_from_db()
    assert facts(order.status, order.average_fill_price) == ("filled", Decimal("59.95"))
    assert order.worst_price == Decimal("57.00")


def test_a_stop_limit_becomes_a_limit_order_that_rests() -> None:
    portfolio, tape = make_portfolio(), make_tape()
    give_units(portfolio, tape.instrument, "10")
    order = place(portfolio, tape.instrument, side="sell", stop="95.00", limit="94.80")
    tape.matcher.work()
    tape.print("94.00")
    assert kinds_of(order) == ["placed", "held", "triggered"]
    assert status_of(order) == "new"
    tape.print("94.90")
    order.refresh_from_db()
    assert facts(order.status, order.average_fill_price) == ("filled", Decimal("94.85"))


def test_a_stop_that_is_reached_already_is_triggered_at_once() -> None:
    portfolio, tape = make_portfolio(), make_tape()
    order = place(portfolio, tape.instrument, stop="99.00")
    tape.matcher.work()
    assert kinds_of(order) == ["placed", "held", "triggered", "filled"]


def test_one_price_triggers_in_the_order_of_arrival() -> None:
    portfolio, tape = make_portfolio(), make_tape()
    stops = [place(portfolio, tape.instrument, stop=stop) for stop in ("103", "101", "102")]
    tape.matcher.work()
    tape.print("103.00", size="15")
    statuses = [status_of(order) for order in stops]
    assert statuses == ["filled", "partially_filled", "new"]
    priorities = [Order.objects.get(id=order.id).priority for order in stops]
    assert priorities == [4, 5, 6]
    tape.matcher.work()
    assert OrderCommand.objects.filter(kind="trigger").count() == 3


def test_a_trailing_sale_follows_the_market_up_and_never_down() -> None:
    portfolio, tape = make_portfolio(), make_tape()
    give_units(portfolio, tape.instrument, "10")
    order = place(portfolio, tape.instrument, side="sell", trail="2.00")
    tape.matcher.work()
    seen = []
    for last in ("101.00", "103.00", "101.50", "102.90"):
        tape.print(last)
        order.refresh_from_db()
        seen.append((order.stop_price, order.water_mark))
    moves = [("99", "101"), ("101", "103"), ("101", "103"), ("101", "103")]
    assert seen == [(Decimal(stop), Decimal(mark)) for stop, mark in moves]
    assert order.status == "held"
    tape.print("100.90")
    assert status_of(order) == "filled"


def test_a_trailing_buy_follows_by_a_share_of_the_lowest_price() -> None:
    portfolio, tape = make_portfolio(), make_tape()
    order = place(portfolio, tape.instrument, trail="5%")
    tape.matcher.work()
    tape.print("90.01")
    order.refresh_from_db()
    # 90.01 and 5 per cent is 94.5105: the next tick away from the market.
    assert facts(order.stop_price, order.water_mark) == (Decimal("94.52"), Decimal("90.01"))
    tape.print("94.51")
    assert status_of(order) == "held"
    tape.print("94.52")
    assert status_of(order) == "filled"


@pytest.mark.parametrize("trail", ["2.00", "2%"])
def test_a_matcher_that_begins_again_triggers_the_same(trail: str) -> None:
    outcomes = []
    numbers = count()
    for begins_again in (False, True):
        owner = make_user(f"alice{next(numbers)}@example.com")
        portfolio, tape = make_portfolio(owner), make_tape(f"AAPL{next(numbers)}")
        give_units(portfolio, tape.instrument, "30")
        kinds: list[dict[str, Any]] = [
            {"trail": trail},
            {"stop": "99.10"},
            {"stop": "99", "limit": "98.90"},
        ]
        orders = [place(portfolio, tape.instrument, side="sell", **kind) for kind in kinds]
        for last in ("100.40", "102.00", "100.50", "100.00", "99.05", "98.00", "99.00"):
            if begins_again:
                tape.matcher._shard = None  # as after a crash: all it knows is in the database
            tape.print(last, size="12")
        outcomes.append(
            [
                (
                    kinds_of(order),
                    [
                        (fill.price, fill.quantity)
                        for fill in Fill.objects.filter(order=order).order_by("executed_at", "id")
                    ],
                    Order.objects.get(id=order.id).water_mark,
                )
                for order in orders
            ]
        )
    assert outcomes[0] == outcomes[1]
    assert all("triggered" in kinds for kinds, _, _ in outcomes[0])


def test_a_held_stop_can_be_cancelled_and_gives_back_its_hold() -> None:
    portfolio, tape = make_portfolio(), make_tape()
    order = place(portfolio, tape.instrument, stop="110.00")
    tape.matcher.work()
    cancel_order(order_id=order.id, requested_at=NOON)
    tape.matcher.work()
    assert facts(status_of(order), cash_of(portfolio).held) == ("canceled", 0)
    tape.print("111.00")
    assert facts(status_of(order), Fill.objects.count()) == ("canceled", 0)


def test_a_price_that_comes_before_the_cancellation_is_done_wins() -> None:
    portfolio, tape = make_portfolio(), make_tape()
    order = place(portfolio, tape.instrument, stop="110.00")
    tape.matcher.work()
    cancel_order(order_id=order.id, requested_at=NOON)
    tape.print("110.00")
    assert status_of(order) == "filled"
    assert kinds_of(order) == ["placed", "held", "cancel_requested", "triggered", "filled"]


def test_a_closed_market_triggers_nothing(settings: Any) -> None:
    settings.SIMULATED_EXCHANGE_HOURS = "real"
    portfolio, tape = make_portfolio(), make_tape()
    order = place(portfolio, tape.instrument, stop="110.00", tif="gtc")
    tape.matcher.work()
    tape.clock.advance(hours=6)
    tape.print("111.00")
    assert status_of(order) == "held"
    tape.clock.advance(hours=16)
    tape.print("111.00")
    assert status_of(order) == "filled"


def test_a_held_day_order_ends_with_its_session() -> None:
    portfolio, tape = make_portfolio(), make_tape()
    order = place(portfolio, tape.instrument, stop="110.00")
    tape.matcher.work()
    tape.clock.advance(hours=22)
    tape.print("111.00")
    assert facts(status_of(order), Fill.objects.count()) == ("expired", 0)


def test_the_same_stop_twice_is_one_order_however_far_it_has_moved() -> None:
    portfolio, tape = make_portfolio(), make_tape()
    give_units(portfolio, tape.instrument, "10")
    first = place(portfolio, tape.instrument, side="sell", trail="2", client_order_id="once")
    tape.matcher.work()
    tape.print("110.00")
    again = place(portfolio, tape.instrument, side="sell", trail="2", client_order_id="once")
    assert again.id == first.id
    with pytest.raises(DuplicateClientOrderId):
        place(portfolio, tape.instrument, side="sell", trail="3", client_order_id="once")


@pytest.mark.parametrize(
    ("ticket", "expected"),
    [
        ({"stop": "110.00", "tif": "ioc"}, ("time_in_force", "not_for_stops")),
        ({"stop": "110.005"}, ("stop_price", "off_tick")),
        ({"stop": "100.00", "limit": "201.00"}, ("limit_price", "out_of_band")),
        ({"side": "sell", "trail": "100"}, ("trail_amount", "out_of_band")),
        ({"trail": "0.001"}, ("trail_amount", "off_tick")),
        ({"trail": "99.5%"}, ("trail_pct", "too_large")),
        ({"trail": "0.00001%"}, ("trail_pct", "off_grid")),
        ({"stop": "110", "quantity": "1000"}, ("quantity", "insufficient_buying_power")),
        ({"stop": "90", "side": "sell"}, ("quantity", "insufficient_units")),
    ],
)
def test_what_is_wrong_with_a_stop_is_said_at_its_field(
    ticket: dict[str, Any], expected: tuple[str, str]
) -> None:
    portfolio, tape = make_portfolio(), make_tape()
    with pytest.raises(OrderDenied) as denied:
        place(portfolio, tape.instrument, **ticket)
    problems = [(problem.field, problem.code) for problem in denied.value.problems]
    assert problems == [expected]
