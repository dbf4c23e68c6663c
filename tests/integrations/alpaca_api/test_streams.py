"""Alpaca's own stream clients, unmodified, on the sockets of a real server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from alpaca.data.live import StockDataStream
from alpaca.data.models import Bar, Quote, Trade, TradingStatus
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderSide, TimeInForce
from alpaca.trading.models import TradeUpdate
from alpaca.trading.requests import (
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLossRequest,
    TakeProfitRequest,
)
from alpaca.trading.stream import TradingStream
from django.utils import timezone

from accounts.identifiers import new_id
from integrations.alpaca_api.streams import market_feed
from integrations.alpaca_api.streams.market_feed import MarketFeed
from market.live.broadcasts import tick_to_wire
from market.live.live_quotes import valkey
from market.models import Bar as StoredBar
from market.models import Instrument
from market.values import TickValue, quote_to_wire
from tests.factories import make_price_message
from tests.market.factories import make_quote
from tests.support.desk import wait_until
from tests.support.socket_server import SocketServer
from trading.halts.halts import halt_instrument, resume_instrument
from trading.live import telling

SECONDS = 20
Match = Callable[[], None]


class Listener:
    """A stream client in a thread of its own, and what its handlers were given."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.heard: list[Any] = []
        self.is_confirmed = threading.Event()
        dispatch = stream._dispatch

        async def note(message: dict[str, Any]) -> None:
            if message.get("T") == "subscription" or message.get("stream") == "listening":
                self.is_confirmed.set()
            await dispatch(message)

        stream._dispatch = note

    async def hear(self, told: Any) -> None:
        self.heard.append(told)

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self.stream.run)
        thread.start()
        assert self.is_confirmed.wait(SECONDS)
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(self.stream.close(), self.stream._loop)
            asyncio.run_coroutine_threadsafe(self.stream.stop_ws(), self.stream._loop)
            thread.join(SECONDS)
            assert not thread.is_alive()

    def wait_for(self, count: int) -> list[Any]:
        wait_until(lambda: len(self.heard) >= count, seconds=SECONDS, what=f"{count} messages")
        return self.heard


@pytest.fixture
def updates(key: str, server: SocketServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    # Nobody rings for what this process does itself.
    monkeypatch.setattr(telling, "LOOK_SECONDS", 0.1)
    listener = Listener(TradingStream(key, key, url_override=server.url("/alpaca/stream")))
    listener.stream.subscribe_trade_updates(listener.hear)
    with listener.running():
        yield listener


@pytest.fixture
def prices_of(key: str, server: SocketServer) -> Listener:
    return Listener(StockDataStream(key, key, url_override=server.url("/alpaca/v2/iex")))


def told(updates: Listener, count: int) -> list[str]:
    return [update.event for update in updates.wait_for(count)]


def ticks_of(instrument: Instrument, *prices: str) -> bytes:
    now = timezone.now()
    ticks = [
        TickValue(
            instrument_id=instrument.id,
            occurred_at=now,
            provider_tick_id=str(number),
            price=Decimal(price),
            size=Decimal(3),
            source="test",
        )
        for number, price in enumerate(prices, start=1)
    ]
    return make_price_message(ticks=[tick_to_wire(tick, instrument.symbol) for tick in ticks])


def test_a_purchase_is_told_step_by_step(
    updates: Listener, trading: TradingClient, apple: Instrument, match: Match
) -> None:
    asked = MarketOrderRequest(
        symbol="AAPL", qty=10, side=OrderSide.BUY, time_in_force=TimeInForce.DAY
    )
    order: Any = trading.submit_order(asked)
    match()
    assert told(updates, 2) == ["pending_new", "fill"]
    placed, filled = updates.heard
    assert isinstance(filled, TradeUpdate)
    assert placed.order.id == filled.order.id == order.id
    assert (placed.order.status, placed.order.filled_qty) == ("pending_new", "0")
    assert (filled.order.status, filled.order.filled_qty) == ("filled", "10")
    assert (filled.qty, filled.price, filled.position_qty) == (10.0, 200.01, 10.0)
    assert filled.order.filled_avg_price == "200.01"
    assert filled.execution_id is not None


def test_parts_replacements_and_cancellations_are_told(
    updates: Listener, trading: TradingClient, apple: Instrument, match: Match
) -> None:
    asked = LimitOrderRequest(
        symbol="AAPL", qty=20, side=OrderSide.BUY, time_in_force=TimeInForce.GTC, limit_price=150
    )
    order: Any = trading.submit_order(asked)
    match()
    assert told(updates, 2) == ["pending_new", "new"]
    other: Any = trading.replace_order_by_id(order.id, ReplaceOrderRequest(limit_price=151))
    match()
    assert set(told(updates, 6)[2:6]) == {"pending_new", "pending_replace", "replaced", "new"}
    trading.cancel_order_by_id(other.id)
    match()
    assert told(updates, 8)[6:] == ["pending_cancel", "canceled"]
    assert updates.heard[-1].order.status == "canceled"


def test_a_bracket_is_placed_with_its_legs(
    updates: Listener, trading: TradingClient, apple: Instrument, match: Match
) -> None:
    asked = MarketOrderRequest(
        symbol="AAPL",
        qty=5,
        side=OrderSide.BUY,
        time_in_force=TimeInForce.GTC,
        order_class="bracket",
        take_profit=TakeProfitRequest(limit_price=250),
        stop_loss=StopLossRequest(stop_price=150),
    )
    order: Any = trading.submit_order(asked)
    assert order.order_class == "bracket"
    assert sorted(leg.type.value for leg in order.legs) == ["limit", "stop"]
    match()

    def of_entry() -> list[str]:
        """Between them its legs are told, in an order that nobody promises."""
        return [it.event for it in updates.heard if it.order.id == order.id]

    wait_until(lambda: len(of_entry()) >= 2, seconds=SECONDS, what="the entry is told twice")
    assert of_entry()[:2] == ["pending_new", "fill"]


def test_quotes_and_trades_come_as_they_happen(prices_of: Listener, apple: Instrument) -> None:
    stream = prices_of.stream
    stream.subscribe_quotes(prices_of.hear, "AAPL")
    stream.subscribe_trades(prices_of.hear, "AAPL")
    with prices_of.running():
        wait_until(lambda: valkey().pubsub_numpat() > 0, seconds=SECONDS, what="the hub listens")
        quote = make_quote(apple, "100", at=timezone.now())
        wire = quote_to_wire(quote, with_depth=True)
        valkey().publish("prices:0", make_price_message(quotes=[wire]))
        valkey().publish("prices:0", ticks_of(apple, "100.5", "100.6"))
        prices_of.wait_for(3)
    (quoted,) = [it for it in prices_of.heard if isinstance(it, Quote)]
    trades = [it for it in prices_of.heard if isinstance(it, Trade)]
    assert (quoted.symbol, quoted.bid_price, quoted.ask_price) == ("AAPL", 99.99, 100.01)
    assert quoted.timestamp == quote.occurred_at
    assert [(it.price, it.size, it.id) for it in trades] == [(100.5, 3.0, 1), (100.6, 3.0, 2)]


def test_candles_come_when_they_close_and_again_when_they_change(
    prices_of: Listener, apple: Instrument
) -> None:
    stream = prices_of.stream
    for subscribe in (
        stream.subscribe_bars,
        stream.subscribe_updated_bars,
        stream.subscribe_daily_bars,
    ):
        subscribe(prices_of.hear, "AAPL")
    minute = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=1)
    values = {"open": 10, "high": 12, "low": 9, "close": 11, "volume": 4, "turnover": 42}
    StoredBar.objects.create(
        instrument=apple, interval="1m", opened_at=minute, count=2, source="test", **values
    )
    with prices_of.running():
        in_feed(lambda feed: feed.tell_minute(minute))
        prices_of.wait_for(2)
        StoredBar.objects.filter(instrument=apple).update(close=12)
        in_feed(lambda feed: feed.tell_corrections(minute))
        in_feed(lambda feed: feed.tell_corrections(minute))
        bars = prices_of.wait_for(3)
    assert all(isinstance(bar, Bar) for bar in bars)
    closed, day, changed = bars
    assert (closed.timestamp, closed.close, closed.vwap) == (minute, 11.0, 10.5)
    assert (day.close, day.volume) == (11.0, 4.0)
    assert (changed.timestamp, changed.close) == (minute, 12.0)


def test_the_end_of_trading_is_told_once(
    prices_of: Listener, apple: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_open = [True]
    monkeypatch.setattr("market.sessions.is_open", lambda at, mic: is_open[0])
    prices_of.stream.subscribe_trading_statuses(prices_of.hear, "*")
    with prices_of.running():
        in_feed(lambda feed: feed.tell_statuses())
        is_open[0] = False
        in_feed(lambda feed: feed.tell_statuses())
        in_feed(lambda feed: feed.tell_statuses())
        (status,) = prices_of.wait_for(1)
    assert isinstance(status, TradingStatus)
    assert (status.symbol, status.status_code) == ("AAPL", "H")


def test_a_halt_and_its_end_are_told_as_they_happen(
    prices_of: Listener, apple: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market_feed, "STATUS_SECONDS", 0.05)
    monkeypatch.setattr("market.sessions.is_open", lambda at, mic: True)
    prices_of.stream.subscribe_trading_statuses(prices_of.hear, "AAPL")
    staff = new_id()
    with prices_of.running():
        in_feed(lambda feed: feed.tell_statuses())
        now = timezone.now()
        halt_instrument(apple, reason="News pending", halted_at=now, halted_by_id=staff)
        prices_of.wait_for(1)
        resume_instrument(apple, resumed_at=now, resumed_by_id=staff)
        stopped, resumed = prices_of.wait_for(2)
    assert isinstance(stopped, TradingStatus)
    assert isinstance(resumed, TradingStatus)
    assert (stopped.status_code, stopped.reason_message) == ("H", "News pending")
    assert (resumed.status_code, resumed.reason_message) == ("T", "")


def in_feed(work: Callable[[MarketFeed], Any]) -> None:
    """Let the server's feed do what its clock would make it do; others' servers have ended."""
    (feed,) = [it for loop, it in market_feed._feeds.items() if loop.is_running()]
    asyncio.run_coroutine_threadsafe(work(feed), feed.runner.loop).result(SECONDS)
