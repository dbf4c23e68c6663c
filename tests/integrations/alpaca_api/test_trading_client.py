"""Orders and positions by Alpaca's ``TradingClient``, unmodified, and what it makes of answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import (
    OrderSide,
    OrderStatus,
    QueryOrderStatus,
    TimeInForce,
)
from alpaca.trading.models import Order
from alpaca.trading.requests import (
    ClosePositionRequest,
    GetOptionContractsRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopOrderRequest,
    TrailingStopOrderRequest,
)

from portfolio.models import Portfolio
from tests.factories import make_instrument, make_quote

Match = Callable[[], None]
NOON = datetime(2025, 9, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("apple")


def buy(trading: Any, *, qty: float = 10, limit: float | None = None) -> Order:
    asked = {"symbol": "AAPL", "qty": qty, "side": OrderSide.BUY}
    if limit is None:
        placed = trading.submit_order(MarketOrderRequest(**asked, time_in_force=TimeInForce.DAY))
    else:
        wanted = LimitOrderRequest(**asked, time_in_force=TimeInForce.GTC, limit_price=limit)
        placed = trading.submit_order(wanted)
    assert isinstance(placed, Order)
    return placed


def read(trading: Any, order: Order) -> Order:
    found = trading.get_order_by_id(order.id)
    assert isinstance(found, Order)
    return found


def test_an_order_is_placed_filled_and_held(trading: Any, match: Match, account: Portfolio) -> None:
    placed = buy(trading)
    assert placed.status in {OrderStatus.PENDING_NEW, OrderStatus.NEW}
    match()
    filled = read(trading, placed)
    assert filled.status == OrderStatus.FILLED
    assert (filled.filled_qty, filled.filled_avg_price) == ("10", "200.01")
    assert filled.filled_at is not None
    (position,) = trading.get_all_positions()
    assert (position.symbol, position.qty, position.qty_available) == ("AAPL", "10", "10")
    assert Decimal(position.cost_basis) == Decimal("2000.10")
    assert Decimal(position.market_value) == 2000
    assert trading.get_open_position("AAPL") == position
    assert trading.get_open_position(str(position.asset_id)) == position
    assert Decimal(trading.get_account().cash) == Decimal("7999.90")


def test_a_limit_is_read_from_its_literal_text(trading: Any) -> None:
    placed = buy(trading, qty=1, limit=10.05)
    assert (placed.limit_price, placed.qty) == ("10.05", "1")


def test_every_type_that_the_market_takes(trading: Any, match: Match) -> None:
    buy(trading)
    match()
    stop = StopOrderRequest(
        symbol="AAPL", qty=2, side=OrderSide.SELL, time_in_force=TimeInForce.GTC, stop_price=150
    )
    trail = TrailingStopOrderRequest(
        symbol="AAPL", qty=3, side=OrderSide.SELL, time_in_force=TimeInForce.GTC, trail_percent=5
    )
    assert trading.submit_order(stop).stop_price == "150"
    assert trading.submit_order(trail).trail_percent == "5"
    amount = MarketOrderRequest(
        symbol="AAPL", notional=500, side=OrderSide.BUY, time_in_force=TimeInForce.DAY
    )
    placed = trading.submit_order(amount)
    assert (placed.notional, placed.qty) == ("500", None)


def test_orders_are_listed_by_what_is_asked(trading: Any, match: Match) -> None:
    done = buy(trading)
    match()
    waiting = [buy(trading, qty=1, limit=price) for price in (100.0, 101.0)]

    def ids(**asked: Any) -> list[Any]:
        return [order.id for order in trading.get_orders(GetOrdersRequest(**asked))]

    newest_first = [order.id for order in reversed(waiting)]
    assert ids() == newest_first
    assert ids(status=QueryOrderStatus.CLOSED) == [done.id]
    assert ids(status=QueryOrderStatus.ALL, limit=2) == newest_first
    assert ids(status=QueryOrderStatus.ALL, side=OrderSide.SELL) == []
    assert ids(status=QueryOrderStatus.ALL, symbols=["AAPL"], direction="asc")[0] == done.id
    assert ids(status=QueryOrderStatus.ALL, after=waiting[0].submitted_at) == [waiting[1].id]
    assert trading.get_order_by_client_id(done.client_order_id).id == done.id


def test_a_replacement_is_a_new_order(trading: Any, match: Match) -> None:
    old = buy(trading, qty=5, limit=100.0)
    match()
    new = trading.replace_order_by_id(old.id, ReplaceOrderRequest(qty=4, limit_price=101.5))
    assert new.id != old.id
    assert (new.replaces, new.qty, new.limit_price) == (old.id, "4", "101.5")
    match()
    assert read(trading, old).status == OrderStatus.REPLACED
    assert read(trading, old).replaced_by == new.id
    with pytest.raises(APIError) as refused:
        trading.replace_order_by_id(old.id, ReplaceOrderRequest(qty=3))
    assert refused.value.status_code == 422


def test_orders_are_cancelled_one_by_one_and_all(trading: Any, match: Match) -> None:
    orders = [buy(trading, qty=1, limit=100.0 + step) for step in range(3)]
    match()
    trading.cancel_order_by_id(orders[0].id)
    match()
    assert read(trading, orders[0]).status == OrderStatus.CANCELED
    assert read(trading, orders[0]).canceled_at is not None
    outcomes = trading.cancel_orders()
    assert [(one.id, one.status) for one in outcomes] == [(one.id, 200) for one in orders[1:]]
    match()
    assert trading.get_orders() == []
    with pytest.raises(APIError) as refused:
        trading.cancel_order_by_id(orders[0].id)
    assert (refused.value.status_code, refused.value.code) == (422, 42210000)


def test_an_auction_that_is_not_held_is_refused_in_alpacas_way(trading: Any, settings: Any) -> None:
    settings.SIMULATED_EXCHANGE_HOURS = "real"
    make_quote(make_instrument("BTC", mic="CRYP"), bid="99.99", ask="100.01")
    wanted = LimitOrderRequest(
        symbol="BTC", qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.CLS, limit_price=100
    )
    with pytest.raises(APIError) as refused:
        trading.submit_order(wanted)
    assert (refused.value.status_code, refused.value.code) == (422, 42210000)
    assert "has no auctions" in refused.value.message


def test_positions_are_closed_in_part_and_all(trading: Any, match: Match) -> None:
    buy(trading)
    match()
    part = trading.close_position("AAPL", ClosePositionRequest(qty="3"))
    assert (part.side, part.qty) == (OrderSide.SELL, "3")
    half = trading.close_position("AAPL", ClosePositionRequest(percentage="50"))
    assert half.qty == "5"
    match()
    (outcome,) = trading.close_all_positions(cancel_orders=True)
    assert (outcome.symbol, outcome.status) == ("AAPL", 200)
    match()
    assert trading.get_all_positions() == []
    with pytest.raises(APIError) as refused:
        trading.get_open_position("AAPL")
    assert (refused.value.status_code, refused.value.code) == (404, 40410000)
    assert trading.close_all_positions() == []


def test_positions_that_orders_hold_are_closed_when_those_are_canceled(
    trading: Any, match: Match
) -> None:
    buy(trading)
    match()
    resting = LimitOrderRequest(
        symbol="AAPL", qty=10, side=OrderSide.SELL, time_in_force=TimeInForce.GTC, limit_price=300
    )
    order = trading.submit_order(resting)
    match()
    with pytest.raises(APIError) as refused:
        trading.close_position("AAPL")
    assert (refused.value.status_code, refused.value.code) == (403, 40310000)
    words = "insufficient qty available for order (requested: 10, available: 0)"
    assert words in refused.value.message
    held = json.loads(str(refused.value))
    assert (held["existing_qty"], held["held_for_orders"]) == ("10", "10")
    assert held["related_orders"] == [str(order.id)]
    (left,) = trading.close_all_positions()
    assert (left.symbol, left.status, left.body.code) == ("AAPL", 403, 40310000)
    assert left.body.message == words
    assert trading.get_order_by_id(order.id).status == OrderStatus.NEW
    (outcome,) = trading.close_all_positions(cancel_orders=True)
    assert (outcome.symbol, outcome.status, outcome.body.code) == ("AAPL", 202, 20200000)
    match()
    assert trading.get_order_by_id(order.id).status == OrderStatus.CANCELED


def test_too_little_money_is_said_with_how_much(trading: Any) -> None:
    with pytest.raises(APIError) as refused:
        buy(trading, qty=1000)
    assert (refused.value.status_code, refused.value.code) == (403, 40310000)
    assert '"buying_power":"10000"' in str(refused.value)
    assert '"cost_basis"' in str(refused.value)


def test_what_would_meet_an_own_order_is_refused_with_its_id(trading: Any, match: Match) -> None:
    resting = buy(trading, limit=200)
    match()
    asked = {"symbol": "AAPL", "qty": 5, "side": OrderSide.SELL, "time_in_force": TimeInForce.DAY}
    buy(trading)
    match()
    with pytest.raises(APIError) as refused:
        trading.submit_order(LimitOrderRequest(limit_price=200, **asked))
    assert (refused.value.status_code, refused.value.code) == (403, 40310000)
    told = json.loads(str(refused.value))
    assert told["existing_order_id"] == str(resting.id)
    assert told["reject_reason"] == "opposite side limit order exists"


def test_a_client_order_id_counts_once(trading: Any) -> None:
    wanted = LimitOrderRequest(
        symbol="AAPL",
        qty=1,
        side=OrderSide.BUY,
        time_in_force=TimeInForce.GTC,
        limit_price=100,
        client_order_id="once",
    )
    trading.submit_order(wanted)
    with pytest.raises(APIError) as refused:
        trading.submit_order(wanted)
    assert (refused.value.status_code, refused.value.code) == (422, 40010001)
    assert len(trading.get_orders()) == 1


def test_no_method_of_the_client_is_left_out() -> None:
    tried = "".join(file.read_text() for file in Path(__file__).parent.glob("test_trading_*.py"))
    methods = [name for name in vars(TradingClient) if not name.startswith("_")]
    assert [name for name in methods if not re.search(rf"\b(trading|it)\.{name}\(", tried)] == []


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda it: it.exercise_options_position("AAPL260116C00100000"), id="exercise"),
        pytest.param(lambda it: it.get_option_contract("AAPL260116C00100000"), id="contract"),
        pytest.param(
            lambda it: it.get_option_contracts(GetOptionContractsRequest()), id="contracts"
        ),
    ],
)
def test_options_are_refused_in_words(trading: Any, ask: Callable[[Any], Any]) -> None:
    with pytest.raises(APIError) as refused:
        ask(trading)
    assert (refused.value.status_code, refused.value.code) == (404, 40410000)
    assert refused.value.message
