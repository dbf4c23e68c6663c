"""What a live order is refused for, before anything leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.errors import NotFound
from integrations.brokers.adapters import catalogue
from integrations.connections.arming import NotArmed
from integrations.connections.errors import ConnectionDisabled
from integrations.live_orders import placing
from integrations.live_orders.errors import LiveOrderIdTaken, LiveOrderRefused
from integrations.live_orders.tickets import Bounds, find_problems
from integrations.live_orders.worth import worth_of
from integrations.models import LiveOrder
from market.values import QuoteValue
from tests.factories import make_instrument, make_quote, make_user
from tests.integrations.live_orders.desk import LiveOrderDesk, ticket
from trading.brokers import Capabilities, OrderKind
from trading.order_entry.stops import OrderEntryStopped
from trading.states import OrderType, Side, TimeInForce

BOUNDS = Bounds(quantity=1_000_000_000, price=100_000_000, client_order_id_characters=128)
STOP = {"type": OrderType.STOP, "stop_price": Decimal(90)}
LIMIT = {"type": OrderType.LIMIT, "limit_price": Decimal(100)}


def refused(desk: LiveOrderDesk, **changes: Any) -> set[tuple[str, str]]:
    with pytest.raises(LiveOrderRefused) as caught:
        desk.place(**changes)
    assert not LiveOrder.objects.exists()
    assert desk.vendor.asked == []
    return {(one.field, one.code) for one in caught.value.problems}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"symbol": "NOPE"}, ("symbol", "unknown_symbol")),
        ({"quantity": None}, ("quantity", "missing")),
        ({"quantity": Decimal(0)}, ("quantity", "not_positive")),
        ({"quantity": Decimal("NaN")}, ("quantity", "not_positive")),
        ({"quantity": Decimal("1e400")}, ("quantity", "too_large")),
        ({"quantity": Decimal("1e-11")}, ("quantity", "too_precise")),
        ({"notional": Decimal(10)}, ("notional", "superfluous")),
        ({"limit_price": Decimal(10)}, ("limit_price", "superfluous")),
        ({"type": OrderType.LIMIT}, ("limit_price", "missing")),
        (LIMIT | {"type": OrderType.STOP_LIMIT}, ("stop_price", "missing")),
        ({"type": OrderType.TRAILING_STOP}, ("trail_amount", "missing")),
        (STOP | {"time_in_force": TimeInForce.IOC}, ("time_in_force", "not_supported")),
        (STOP | {"quantity": Decimal("0.5")}, ("quantity", "not_supported")),
        (STOP | {"quantity": None, "notional": Decimal(9)}, ("notional", "not_supported")),
        ({"client_order_id": ""}, ("client_order_id", "invalid")),
        ({"client_order_id": "x" * 129}, ("client_order_id", "invalid")),
        ({"client_order_id": "a\x00b"}, ("client_order_id", "invalid")),
        ({"quantity": Decimal(10)}, ("quantity", "above_arming")),
        ({"quantity": None, "notional": Decimal("1000.01")}, ("notional", "above_arming")),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    desk: LiveOrderDesk, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert expected in refused(desk, **changes)


def test_a_type_that_the_broker_does_not_take_is_refused_by_name() -> None:
    can = Capabilities(frozenset(), orders={"limit": OrderKind(frozenset({"day"}))})
    problems = find_problems(ticket(), can, title="Somebody", bounds=BOUNDS)
    assert [(one.field, one.code) for one in problems] == [("type", "not_supported")]
    assert find_problems(ticket(**LIMIT), can, title="Somebody", bounds=BOUNDS) == []


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_only_what_an_adapter_claims_passes(name: str) -> None:
    can = catalogue()[name].capabilities
    for type_ in OrderType:
        for time in TimeInForce:
            given = ticket(type=type_, time_in_force=time)
            codes = {
                (one.field, one.code)
                for one in find_problems(given, can, title=name, bounds=BOUNDS)
            }
            kind = can.orders.get(type_.value)
            assert (("type", "not_supported") in codes) is (kind is None)
            if kind is not None:
                is_taken = time.value in kind.times_in_force
                assert (("time_in_force", "not_supported") in codes) is not is_taken


def test_up_to_the_limits_of_the_arming_and_no_further(desk: LiveOrderDesk) -> None:
    for number in range(5):
        desk.place(client_order_id=f"mine-{number}", quantity=None, notional=Decimal(1000))
    with pytest.raises(LiveOrderRefused) as caught:
        desk.place(client_order_id="sixth")
    assert [one.code for one in caught.value.problems] == ["too_many_today"]
    desk.arm(orders=6)
    assert desk.place(client_order_id="sixth").status == "recorded"


def test_without_a_fresh_price_only_what_has_one_of_its_own_is_valued(
    desk: LiveOrderDesk,
) -> None:
    instrument = make_instrument("OLD")
    make_quote(instrument, occurred_at=timezone.now() - timedelta(seconds=16))
    assert ("quantity", "no_fresh_price") in refused(desk, symbol="OLD")
    assert desk.place(symbol="OLD", **LIMIT).value == 200


def test_a_sale_far_below_the_market_is_worth_what_the_market_says() -> None:
    sale = ticket(side=Side.SELL, type=OrderType.LIMIT, limit_price=Decimal(1))
    assert worth_of(sale, quote=None, is_fresh=False, rate=Decimal(1)) == 2
    quote = replace(_quote(), bid=Decimal(500))
    assert worth_of(sale, quote=quote, is_fresh=False, rate=Decimal(2)) == 2000


def _quote() -> QuoteValue:
    return QuoteValue(
        instrument_id=1,
        symbol="AAPL",
        bid=Decimal(1),
        bid_size=None,
        ask=Decimal(1),
        ask_size=None,
        last=Decimal(1),
        last_size=None,
        previous_close=None,
        occurred_at=timezone.now(),
        source="test",
    )


def test_repeating_returns_the_order_and_another_content_is_refused(desk: LiveOrderDesk) -> None:
    made = desk.place()
    assert desk.place().id == made.id
    desk.disarm()
    assert desk.place().id == made.id
    with pytest.raises(LiveOrderIdTaken):
        desk.place(quantity=Decimal(3))
    with pytest.raises(LiveOrderIdTaken):
        desk.place(symbol="MSFT")
    assert LiveOrder.objects.count() == 1


def test_only_an_armed_connection_of_ones_own_takes_orders(desk: LiveOrderDesk) -> None:
    with pytest.raises(NotFound):
        placing.place_live_order(
            owner=make_user("charlie@example.com"),
            connection_id=desk.connection.id,
            ticket=ticket(),
            placed_at=timezone.now(),
        )
    desk.disarm()
    with pytest.raises(NotArmed):
        desk.place()
    desk.connection.disabled_at = timezone.now()
    desk.connection.save()
    with pytest.raises(ConnectionDisabled):
        desk.place()


def test_disarming_between_judging_and_recording_is_noticed(desk: LiveOrderDesk) -> None:
    judged = placing.judge_live_order(
        owner=desk.owner,
        connection_id=desk.connection.id,
        ticket=ticket(),
        judged_at=timezone.now(),
    )
    desk.arm("100")
    with pytest.raises(LiveOrderRefused):
        placing.record_live_order(judged, placed_at=timezone.now())
    desk.disarm()
    with pytest.raises(NotArmed):
        placing.record_live_order(judged, placed_at=timezone.now())


def test_a_standing_stop_of_order_entry_holds_here_too(
    desk: LiveOrderDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "standing_stop", object)
    with pytest.raises(OrderEntryStopped):
        desk.place()


def test_the_broker_is_told_its_own_word_for_an_instrument(desk: LiveOrderDesk) -> None:
    make_quote(make_instrument("EVEN"))
    desk.connection.symbols = {"MSFT": "EVEN"}
    desk.connection.save()
    order = desk.sent(symbol="EVEN")
    assert (order.broker_symbol, order.status) == ("MSFT", "accepted")
    assert desk.posted[0].json()["symbol"] == "MSFT"


def test_a_trailing_stop_carries_its_distance(desk: LiveOrderDesk) -> None:
    desk.sent(type=OrderType.TRAILING_STOP, side=Side.SELL, trail_pct=Decimal("2.5"))
    assert desk.posted[0].json()["trail_percent"] == "2.5"


def test_what_is_beyond_the_limits_of_orders_is_refused(
    desk: LiveOrderDesk, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, order_quantity_maximum=1)
    assert ("quantity", "too_large") in refused(desk)
    assert desk.place(quantity=Decimal(1)).status == "recorded"
