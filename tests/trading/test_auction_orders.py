"""Orders for the opening and closing auctions, from the ticket to the fills."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.limits import LIMITS
from market.models import Instrument
from portfolio.models import Portfolio
from tests.factories import make_exchange
from tests.trading.factories import (
    Clock,
    cash_of,
    facts,
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
from tests.trading.grouping import place_group
from tests.trading.replacing import ask
from trading.models import Fill, Order
from trading.orders import OrderDenied
from trading.placing.order_batch import Wish, place_orders
from trading.states import TimeInForce

pytestmark = pytest.mark.django_db

# Of Wednesday, 4 March 2026, in New York: 09:30 and 16:00.
OPENS = datetime(2026, 3, 4, 14, 30, tzinfo=UTC)
CLOSES = datetime(2026, 3, 4, 21, 0, tzinfo=UTC)
DAWN = OPENS - timedelta(hours=2)
NOON = OPENS + timedelta(hours=3)
NO_AUCTION = [("time_in_force", "no_auction")]


@pytest.fixture(autouse=True)
def real_hours(settings: Any) -> None:
    settings.SIMULATED_EXCHANGE_HOURS = "real"


@pytest.fixture
def apple() -> Instrument:
    return make_instrument()


@pytest.fixture
def alice() -> Portfolio:
    return make_portfolio()


@pytest.fixture
def bob(apple: Instrument) -> Portfolio:
    portfolio = make_portfolio(make_user("bob@example.com"))
    give_units(portfolio, apple, "50")
    return portfolio


def make_coin(mic: str) -> Instrument:
    coin = make_instrument("COIN", exchange=make_exchange(mic))
    publish_quote(coin, bid="99", ask="101", last="100", at=NOON)
    return coin


def fills_of(*orders: Order) -> list[tuple[object, object]]:
    rows = Fill.objects.filter(order__in=orders).order_by("order__submitted_at", "order_id", "id")
    return [(fill.quantity, fill.price) for fill in rows]


def test_the_opening_auction_fills_everybody_at_one_price(
    apple: Instrument, alice: Portfolio, bob: Portfolio
) -> None:
    buying = place(alice, apple, limit="105", quantity="20", tif="opg", at=DAWN)
    selling = place(bob, apple, side="sell", limit="95", quantity="15", tif="opg", at=DAWN)
    clock = Clock(DAWN)
    matcher = leading_matcher(clock)
    matcher.work()
    assert [status_of(buying), status_of(selling)] == ["accepted", "accepted"]
    clock.now = OPENS
    matcher.work()  # no fresh price yet
    assert [status_of(buying), status_of(selling)] == ["accepted", "accepted"]

    publish_quote(apple, bid="99", ask="101", size="3", last="100", at=clock.advance(seconds=1))
    matcher.work()

    # 18 lots meet at 101 and above: 15 of Bob's and 3 of the street.
    assert fills_of(buying) == [(15, 101), (3, 101)]
    assert fills_of(selling) == [(15, 101)]
    assert [status_of(buying), status_of(selling)] == ["canceled", "filled"]
    buying.refresh_from_db()
    assert "auction" in buying.status_reason
    assert cash_of(alice).held == 0


def test_what_waited_and_what_rests_take_part_in_the_auction(
    apple: Instrument, alice: Portfolio, bob: Portfolio
) -> None:
    waiting = place(alice, apple, limit="102", quantity="10", tif="gtc", at=DAWN)
    selling = place(bob, apple, side="sell", limit="98", quantity="4", tif="opg", at=DAWN)
    leading_matcher(Clock(DAWN)).work()
    publish_quote(apple, bid="90", ask="110", size="100", last="100", at=OPENS)

    leading_matcher(Clock(OPENS)).work()

    assert fills_of(waiting) == fills_of(selling) == [(4, 100)]
    assert [status_of(waiting), status_of(selling)] == ["partially_filled", "filled"]


def test_the_closing_auction_is_held_at_the_close(
    apple: Instrument, alice: Portfolio, bob: Portfolio
) -> None:
    clock = Clock(NOON)
    publish_quote(apple, bid="99", ask="101", size="10", last="100", at=NOON)
    buying = place(alice, apple, quantity="5", tif="cls", at=NOON)  # at the market
    resting = place(bob, apple, side="sell", limit="100.50", quantity="2", at=NOON)
    matcher = leading_matcher(clock)
    matcher.work()
    assert [status_of(buying), status_of(resting)] == ["accepted", "new"]
    clock.now = CLOSES - timedelta(seconds=1)
    publish_quote(apple, bid="99.50", ask="101", size="10", last="100", at=clock.now)
    matcher.work()
    assert status_of(buying) == "accepted"

    clock.now = CLOSES
    matcher.work()

    assert fills_of(buying) == [(2, 101), (3, 101)]
    assert [status_of(buying), status_of(resting)] == ["filled", "filled"]


def test_an_auction_without_a_price_is_called_off(apple: Instrument, alice: Portfolio) -> None:
    order = place(alice, apple, limit="100", tif="opg", at=DAWN)
    clock = Clock(DAWN)
    matcher = leading_matcher(clock)
    matcher.work()
    clock.now = OPENS + timedelta(minutes=5, seconds=1)
    matcher.work()

    order.refresh_from_db()
    assert facts(order.status, order.status_reason) == (
        "canceled",
        "Its auction did not take place.",
    )


def test_a_matcher_that_begins_anew_holds_the_same_auction(
    apple: Instrument, alice: Portfolio, bob: Portfolio
) -> None:
    buying = place(alice, apple, limit="105", quantity="20", tif="opg", at=DAWN)
    leading_matcher(Clock(DAWN)).work()
    publish_quote(apple, bid="99", ask="101", size="50", last="100", at=OPENS)

    leading_matcher(Clock(OPENS)).work()

    assert fills_of(buying) == [(20, 101)]


def test_nobody_trades_with_himself_in_an_auction(apple: Instrument, bob: Portfolio) -> None:
    selling = place(bob, apple, side="sell", limit="95", quantity="5", tif="opg", at=DAWN)
    buying = place(bob, apple, limit="105", quantity="5", tif="opg", at=DAWN)
    leading_matcher(Clock(DAWN)).work()
    publish_quote(apple, bid="80", ask="120", last="100", at=OPENS)

    leading_matcher(Clock(OPENS)).work()

    assert fills_of(selling, buying) == []
    buying.refresh_from_db()
    assert "same owner" in buying.status_reason


@pytest.mark.parametrize(
    ("tif", "at", "code"),
    [
        ("opg", OPENS - timedelta(seconds=LIMITS.opening_cutoff_seconds), None),
        (
            "opg",
            OPENS - timedelta(seconds=LIMITS.opening_cutoff_seconds - 1),
            "auction_closed",
        ),
        ("opg", NOON, "auction_closed"),
        ("opg", CLOSES, None),  # for the next day
        ("cls", DAWN, None),
        ("cls", CLOSES - timedelta(seconds=LIMITS.closing_cutoff_seconds), None),
        (
            "cls",
            CLOSES - timedelta(seconds=LIMITS.closing_cutoff_seconds - 1),
            "auction_closed",
        ),
        ("cls", CLOSES, None),
    ],
)
def test_orders_for_an_auction_are_taken_in_their_window(
    apple: Instrument, alice: Portfolio, tif: str, at: datetime, code: str | None
) -> None:
    if code is None:
        assert place(alice, apple, limit="100", tif=tif, at=at).expires_at is not None
        return
    with pytest.raises(OrderDenied) as refused:
        place(alice, apple, limit="100", tif=tif, at=at)
    assert [one.code for one in refused.value.problems] == [code]


def test_an_exchange_that_never_closes_has_no_auctions(
    apple: Instrument, alice: Portfolio, settings: Any
) -> None:
    settings.SIMULATED_EXCHANGE_HOURS = "always"
    with pytest.raises(OrderDenied) as refused:
        place(alice, apple, limit="100", tif="cls", at=NOON)
    assert [one.code for one in refused.value.problems] == ["no_auction"]


def test_stops_are_not_for_auctions(apple: Instrument, alice: Portfolio) -> None:
    with pytest.raises(OrderDenied) as refused:
        place(alice, apple, stop="100", tif="cls", at=DAWN)
    assert "not_for_auctions" in [one.code for one in refused.value.problems]


@pytest.mark.parametrize("mic", ["CRYP", "TIKI"])
@pytest.mark.parametrize("tif", ["opg", "cls"])
def test_a_place_open_round_the_clock_takes_no_order_for_an_auction(
    mic: str, tif: str, alice: Portfolio
) -> None:
    coin = make_coin(mic)
    with pytest.raises(OrderDenied) as refused:
        place(alice, coin, limit="100", tif=tif, at=NOON)
    assert [(one.field, one.code) for one in refused.value.problems] == NO_AUCTION
    wishes = [Wish(alice.id, make_ticket(coin, limit="100", tif=one)) for one in (tif, "gtc")]
    batch = place_orders(wishes=wishes, placed_at=NOON)
    assert isinstance(batch[0].error, OrderDenied)
    assert [(one.field, one.code) for one in batch[0].error.problems] == NO_AUCTION
    assert batch[1].error is None
    with pytest.raises(OrderDenied) as group:
        place_group(alice, coin, limit="100", profit="110", loss="90", tif=tif)
    assert NO_AUCTION[0] in [(one.field, one.code) for one in group.value.problems]


@pytest.mark.parametrize("mic", ["CRYP", "TIKI"])
@pytest.mark.parametrize("tif", ["opg", "cls"])
def test_no_order_of_such_a_place_is_replaced_by_one_for_an_auction(
    mic: str, tif: str, alice: Portfolio
) -> None:
    order = place(alice, make_coin(mic), limit="90", tif="gtc", at=NOON)
    leading_matcher(Clock(NOON)).work()
    with pytest.raises(OrderDenied) as refused:
        ask(order, time_in_force=TimeInForce(tif))
    assert [(one.field, one.code) for one in refused.value.problems] == NO_AUCTION
    assert status_of(order) == "new"
