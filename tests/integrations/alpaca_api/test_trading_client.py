"""Every method of Alpaca's ``TradingClient``, unmodified, and what it makes of our answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import (
    AssetExchange,
    CorporateActionType,
    OrderSide,
    OrderStatus,
    QueryOrderStatus,
    TimeInForce,
)
from alpaca.trading.models import Order
from alpaca.trading.requests import (
    ClosePositionRequest,
    CreateWatchlistRequest,
    GetAssetsRequest,
    GetCalendarRequest,
    GetCorporateAnnouncementsRequest,
    GetOptionContractsRequest,
    GetOrdersRequest,
    GetPortfolioHistoryRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopOrderRequest,
    TrailingStopOrderRequest,
    UpdateWatchlistRequest,
)
from django.utils import timezone

from market.corporate_actions.actions import record_action
from market.corporate_actions.facts import ActionFacts
from market.models import CorporateAction, Instrument
from market.models.corporate_actions import ActionKind
from portfolio.models import Portfolio
from portfolio.recording.reversals import reverse_entries
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


def test_the_account_is_the_portfolio(trading: Any, account: Portfolio) -> None:
    found = trading.get_account()
    assert found.id == account.id
    assert found.status == "ACTIVE"
    assert Decimal(found.cash) == Decimal(found.equity) == Decimal(10_000)
    assert Decimal(found.buying_power) == Decimal(10_000)


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


def test_assets_are_the_instruments(trading: Any, apple: Instrument) -> None:
    make_instrument("VOD", mic="XLON")
    assets = {asset.symbol: asset for asset in trading.get_all_assets()}
    assert set(assets) == {"AAPL", "VOD"}
    assert assets["VOD"].exchange == ""
    nasdaq = trading.get_all_assets(GetAssetsRequest(exchange=AssetExchange.NASDAQ))
    assert [asset.symbol for asset in nasdaq] == ["AAPL"]
    assert trading.get_asset("AAPL") == trading.get_asset(assets["AAPL"].id)
    assert trading.get_asset("AAPL").tradable
    for unknown in ("NONE", str(uuid4())):
        with pytest.raises(APIError) as refused:
            trading.get_asset(unknown)
        assert refused.value.code == 40410000


def test_clock_and_calendar(trading: Any) -> None:
    clock = trading.get_clock()
    assert clock.is_open
    assert clock.next_close > clock.timestamp
    days = trading.get_calendar(GetCalendarRequest(start=date(2025, 7, 3), end=date(2025, 7, 7)))
    assert [day.date for day in days] == [date(2025, 7, 3), date(2025, 7, 7)]
    assert f"{days[0].open:%H:%M} {days[0].close:%H:%M}" == "09:30 13:00"


def test_the_configuration_is_as_it_is(trading: Any) -> None:
    found = trading.get_account_configurations()
    assert found.no_shorting
    assert trading.set_account_configurations(found) == found
    found.no_shorting = False
    with pytest.raises(APIError) as refused:
        trading.set_account_configurations(found)
    assert refused.value.code == 40010001


@pytest.mark.skipif(
    not hasattr(TradingClient, "get_portfolio_history"), reason="the client is too old to ask"
)
def test_the_history_is_the_days(trading: Any, account: Portfolio) -> None:
    found = trading.get_portfolio_history(GetPortfolioHistoryRequest(period="1A"))
    assert found.timeframe == "1D"
    assert set(found.equity) == {10_000.0}
    assert set(found.profit_loss) == {0.0}
    with pytest.raises(APIError):
        trading.get_portfolio_history(GetPortfolioHistoryRequest(timeframe="1Min"))


def test_watchlists(trading: Any, account: Portfolio) -> None:
    make_instrument("MSFT")
    made = trading.create_watchlist(CreateWatchlistRequest(name="Tech", symbols=["AAPL"]))
    assert made.account_id == account.id
    assert [asset.symbol for asset in made.assets] == ["AAPL"]
    more = trading.add_asset_to_watchlist_by_id(made.id, "MSFT")
    assert [asset.symbol for asset in more.assets] == ["AAPL", "MSFT"]
    less = trading.remove_asset_from_watchlist_by_id(made.id, "AAPL")
    assert [asset.symbol for asset in less.assets] == ["MSFT"]
    changed = trading.update_watchlist_by_id(
        made.id, UpdateWatchlistRequest(name="Fruit", symbols=["AAPL"])
    )
    assert (changed.name, [asset.symbol for asset in changed.assets]) == ("Fruit", ["AAPL"])
    assert [one.id for one in trading.get_watchlists()] == [made.id]
    assert trading.get_watchlist_by_id(made.id) == changed
    with pytest.raises(APIError):
        trading.add_asset_to_watchlist_by_id(made.id, "NONE")
    assert len(trading.get_watchlist_by_id(made.id).assets) == 1
    trading.delete_watchlist_by_id(made.id)
    assert trading.get_watchlists() == []


def test_activities_tell_of_fills_and_money(trading: Any, match: Match) -> None:
    buy(trading)
    match()
    every = trading.get("/account/activities")
    assert [one["activity_type"] for one in every] == ["FILL", "CSD"]
    (fill,) = trading.get("/account/activities/FILL")
    assert (fill["symbol"], fill["qty"], fill["price"]) == ("AAPL", "10", "200.01")
    first = trading.get("/account/activities", {"page_size": 1})
    assert first == every[:1]
    rest = trading.get("/account/activities", {"page_size": 1, "page_token": first[0]["id"]})
    assert rest == every[1:]


def test_fills_tell_of_the_order_as_it_was_then(
    trading: Any, match: Match, apple: Instrument
) -> None:
    buy(trading)
    for size in ("4", "6"):
        make_quote(apple, ask="200.01", size=size)
        match()
    fills = trading.get("/account/activities/FILL", {"direction": "asc"})
    told = [(one["type"], one["order_status"], one["cum_qty"], one["leaves_qty"]) for one in fills]
    assert told == [
        ("partial_fill", "partially_filled", "4", "6"),
        ("fill", "filled", "10", "0"),
    ]


def test_money_taken_back_is_told_as_canceled(trading: Any, account: Portfolio) -> None:
    deposit = account.entries.get(kind="deposit")
    reverse_entries(portfolio=account, entry_ids=[deposit.id], reversed_at=timezone.now())
    told = trading.get("/account/activities")
    assert [(one["activity_type"], one["status"]) for one in told] == [("CSD", "canceled")]


@pytest.mark.filterwarnings("ignore:get_corporate_announcements is deprecated")
def test_announcements_are_the_dividends_and_splits(trading: Any, apple: Instrument) -> None:
    Instrument.objects.filter(id=apple.id).update(isin="US0378331005")

    def record(kind: ActionKind, day: int, **facts: Any) -> CorporateAction:
        made = ActionFacts(kind=kind, ex_date=date(2025, 8, day), **facts)
        return record_action(instrument=apple, facts=made, source="test", recorded_at=NOON)

    money = {"amount_per_share": Decimal("0.26"), "currency": "USD"}
    dividend = record(ActionKind.DIVIDEND, 11, pay_date=date(2025, 8, 14), **money)
    split = record(ActionKind.SPLIT, 20, ratio_from=1, ratio_to=4)
    reverse = record(ActionKind.SPLIT, 22, ratio_from=10, ratio_to=1)

    def ask(*kinds: str, **asked: Any) -> list[Any]:
        days = {"since": date(2025, 8, 1), "until": date(2025, 8, 31)}
        wanted = GetCorporateAnnouncementsRequest(
            ca_types=[CorporateActionType(one) for one in kinds], **days | asked
        )
        found: list[Any] = trading.get_corporate_announcements(wanted)
        return found

    every = ask("dividend", "split", "merger", "spinoff")
    assert [one.id for one in every] == [dividend.id, split.id, reverse.id]
    assert [one.ca_sub_type for one in every] == ["cash", "stock_split", "reverse_split"]
    assert (every[0].initiating_symbol, every[0].cash) == ("AAPL", 0.26)
    assert every[0].initiating_original_cusip == "037833100"
    assert (every[1].old_rate, every[1].new_rate, every[1].cash) == (1, 4, 0)
    assert ask("dividend", until=date(2025, 8, 10)) == []
    assert ask("dividend", date_type="payable_date", since=date(2025, 8, 14)) == every[:1]
    assert ask("split", symbol="MSFT") == ask("split", cusip="594918104") == []
    assert ask("split", cusip="037833100") == every[1:]
    assert trading.get_corporate_announcement_by_id(str(dividend.id)) == every[0]
    with pytest.raises(APIError) as refused:
        trading.get_corporate_announcement_by_id(str(uuid4()))
    assert refused.value.code == 40410000
    with pytest.raises(APIError, match="record_date is not known here"):
        ask("dividend", date_type="record_date")


def test_no_method_of_the_client_is_left_out() -> None:
    tried = Path(__file__).read_text()
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
