"""A small program written for Alpaca trades a whole simulated day here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from statistics import fmean
from typing import Any

import pytest
from alpaca.data.live import StockDataStream
from alpaca.data.models import Trade
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderSide, TimeInForce
from alpaca.trading.requests import MarketOrderRequest
from alpaca.trading.stream import TradingStream
from django.db import connections
from django.utils import timezone

from integrations.simulated.history import SimulatedHistory
from market.calendar import local_midnight
from market.live.live_quotes import valkey
from market.models import Bar, Instrument
from market.values import Interval, quote_to_wire
from tests.factories import make_price_message
from tests.integrations.alpaca_api.test_streams import SECONDS, Listener, ticks_of
from tests.support.desk import wait_until
from tests.support.socket_server import SocketServer
from tests.trading.factories import publish_quote
from trading.live import telling

UNITS = 10
FAST, SLOW = 5, 20
DAY = date(2026, 9, 9)


class MovingAverageCross:
    """Holds units while the short average of trades is above the long one."""

    def __init__(self, trading: TradingClient) -> None:
        self._trading = trading
        self._is_in = False
        self.prices: list[float] = []
        self.orders: list[Any] = []

    async def hear(self, trade: Trade) -> None:
        self.prices.append(trade.price)
        if len(self.prices) < SLOW:
            return
        wants_in = fmean(self.prices[-FAST:]) > fmean(self.prices[-SLOW:])
        if wants_in != self._is_in:
            self._is_in = wants_in
            side = OrderSide.BUY if wants_in else OrderSide.SELL
            await asyncio.to_thread(self._order, side)

    def _order(self, side: OrderSide) -> None:
        asked = MarketOrderRequest(
            symbol="AAPL", qty=UNITS, side=side, time_in_force=TimeInForce.DAY
        )
        try:
            self.orders.append(self._trading.submit_order(asked))
        finally:
            connections.close_all()


def closes_of_a_day(instrument: Instrument) -> list[Decimal]:
    """What the simulator makes of a day that opened at 200, closed at 203 and went both ways."""
    Bar.objects.create(
        instrument=instrument,
        interval="1d",
        opened_at=local_midnight(DAY, "America/New_York"),
        source="test",
        open=200,
        high=206,
        low=197,
        close=203,
        volume=5_000_000,
    )
    bars = SimulatedHistory(seed=11).bars(
        instrument, interval=Interval.MINUTE, start_date=DAY, end_date=DAY
    )
    return [round(bar.close, 2) for bar in bars]


def publish(instrument: Instrument, price: Decimal) -> None:
    """A quote around the price, and a trade at it, as the feed publishes them."""
    cent = Decimal("0.01")
    quote = publish_quote(
        instrument, bid=str(price - cent), ask=str(price + cent), at=timezone.now()
    )
    wire = quote_to_wire(quote, with_depth=True)
    valkey().publish("prices:0", make_price_message(quotes=[wire]))
    valkey().publish("prices:0", ticks_of(instrument, str(price)))


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody rings for what this process does itself.
    monkeypatch.setattr(telling, "LOOK_SECONDS", 0.1)


def test_it_trades_a_whole_day(
    key: str,
    server: SocketServer,
    trading: TradingClient,
    apple: Instrument,
    match: Callable[[], None],
) -> None:
    strategy = MovingAverageCross(trading)
    live = Listener(StockDataStream(key, key, url_override=server.url("/alpaca/v2/iex")))
    live.stream.subscribe_trades(strategy.hear, "AAPL")
    updates = Listener(TradingStream(key, key, url_override=server.url("/alpaca/stream")))
    updates.stream.subscribe_trade_updates(updates.hear)
    closes = closes_of_a_day(apple)
    assert len(closes) == 390
    with live.running(), updates.running():
        wait_until(lambda: valkey().pubsub_numpat() > 0, seconds=SECONDS, what="the hub listens")
        for number, price in enumerate(closes, start=1):
            publish(apple, price)
            wait_until(
                lambda number=number: len(strategy.prices) >= number,  # type: ignore[misc]
                seconds=SECONDS,
                what=f"minute {number} was heard",
            )
            match()
        trading.close_all_positions(cancel_orders=True)
        match()
        fills = len(strategy.orders) + len(strategy.orders) % 2
        wait_until(lambda: count(updates) == fills, seconds=SECONDS, what=f"{fills} fills are told")
    told = [it for it in updates.heard if it.event == "fill"]
    paid = sum(
        Decimal(str(it.price)) * Decimal(str(it.qty)) * (1 if it.order.side == "buy" else -1)
        for it in told
    )
    account: Any = trading.get_account()
    assert len(strategy.orders) >= 2
    assert trading.get_all_positions() == []
    assert Decimal(account.cash) == Decimal(account.equity) == 10_000 - paid


def count(updates: Listener) -> int:
    return sum(it.event == "fill" for it in updates.heard)
