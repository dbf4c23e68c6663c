"""Every method of Alpaca's ``StockHistoricalDataClient``, unmodified."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from alpaca.common.enums import Sort
from alpaca.common.exceptions import APIError
from alpaca.data.enums import Adjustment
from alpaca.data.requests import (
    StockBarsRequest,
    StockLatestBarRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockQuotesRequest,
    StockSnapshotRequest,
    StockTradesRequest,
)
from alpaca.data.timeframe import TimeFrame, TimeFrameUnit
from django.utils import timezone

from market.intake.ingestion import ensure_tick_partitions, store_ticks
from market.models import Instrument
from market.values import TickValue
from tests.factories import make_daily_bars, make_instrument, make_quote

FIRST = datetime(2026, 1, 5, 5, 0, tzinfo=UTC)  # midnight in New York


@pytest.fixture
def microsoft(apple: Instrument) -> Instrument:
    made = make_instrument("MSFT")
    make_quote(made, bid="400", ask="401", last="400.50")
    for instrument in (apple, made):
        make_daily_bars(instrument, [100, 101, 102, 103, 104], first_at=FIRST)
    return made


def test_bars_of_several_symbols_in_pages(prices: Any, microsoft: Instrument) -> None:
    asked: dict[str, Any] = {
        "symbol_or_symbols": ["MSFT", "AAPL", "NONE"],
        "timeframe": TimeFrame.Day,
    }
    found = prices.get_stock_bars(StockBarsRequest(**asked, start=FIRST)).data
    assert {symbol: [bar.close for bar in bars] for symbol, bars in found.items()} == {
        "AAPL": [100.0, 101.0, 102.0, 103.0, 104.0],
        "MSFT": [100.0, 101.0, 102.0, 103.0, 104.0],
    }
    first = found["AAPL"][0]
    assert (first.timestamp, first.symbol) == (FIRST, "AAPL")
    few = prices.get_stock_bars(StockBarsRequest(**asked, start=FIRST, limit=7)).data
    assert {symbol: len(bars) for symbol, bars in few.items()} == {"AAPL": 5, "MSFT": 2}
    newest = prices.get_stock_bars(StockBarsRequest(**asked, start=FIRST, limit=2, sort=Sort.DESC))
    assert [bar.close for bar in newest.data["AAPL"]] == [104.0, 103.0]


def test_pages_go_on_where_the_one_before_ended(prices: Any, microsoft: Instrument) -> None:
    for sort in ("asc", "desc"):
        asked = {"symbols": "AAPL,MSFT", "timeframe": "1Day", "limit": 3, "sort": sort}
        closes: list[float] = []
        token = None
        for _ in range(10):
            page = prices.get(
                "/stocks/bars", asked | {"start": FIRST.isoformat(), "page_token": token}
            )
            closes += [bar["c"] for bars in page["bars"].values() for bar in bars]
            token = page["next_page_token"]
            if token is None:
                break
        series = [100.0, 101.0, 102.0, 103.0, 104.0]
        assert closes == 2 * (series if sort == "asc" else series[::-1])


def test_bars_are_raw_or_adjusted(prices: Any, microsoft: Instrument) -> None:
    for adjustment in (Adjustment.RAW, Adjustment.SPLIT, Adjustment.ALL):
        asked = StockBarsRequest(
            symbol_or_symbols="AAPL",
            timeframe=TimeFrame(1, TimeFrameUnit.Week),
            start=FIRST,
            adjustment=adjustment,
        )
        assert prices.get_stock_bars(asked).data["AAPL"][0].open == 100.0


def test_trades_are_the_ticks(prices: Any, apple: Instrument) -> None:
    now = timezone.now().replace(microsecond=250_000) - timedelta(minutes=2)
    ensure_tick_partitions(first_date=now.date() - timedelta(days=1), days=3)
    ticks = [
        TickValue(apple.id, now + timedelta(seconds=n), f"{n}", Decimal(200 + n), Decimal(5), "x")
        for n in range(5)
    ]
    store_ticks(ticks, received_at=timezone.now())
    asked = StockTradesRequest(symbol_or_symbols="AAPL", start=now, limit=4)
    trades = prices.get_stock_trades(asked).data["AAPL"]
    assert [(trade.price, trade.size, trade.id) for trade in trades] == [
        (200.0 + n, 5.0, n) for n in range(4)
    ]
    assert trades[0].timestamp == now


def test_the_newest_of_each(prices: Any, microsoft: Instrument) -> None:
    both: dict[str, Any] = {"symbol_or_symbols": ["AAPL", "MSFT"]}
    quotes = prices.get_stock_latest_quote(StockLatestQuoteRequest(**both))
    assert (quotes["AAPL"].bid_price, quotes["AAPL"].ask_price) == (199.99, 200.01)
    trades = prices.get_stock_latest_trade(StockLatestTradeRequest(**both))
    assert trades["MSFT"].price == 400.5
    assert prices.get_stock_latest_bar(StockLatestBarRequest(**both)) == {}
    snapshots = prices.get_stock_snapshot(StockSnapshotRequest(**both))
    assert snapshots["AAPL"].latest_trade.price == 200.0
    assert snapshots["AAPL"].previous_daily_bar.close == 103.0
    asked = StockQuotesRequest(
        symbol_or_symbols="AAPL", start=timezone.now() - timedelta(minutes=5)
    )
    assert [one.ask_price for one in prices.get_stock_quotes(asked).data["AAPL"]] == [200.01]


def test_what_is_not_kept_is_refused(prices: Any, microsoft: Instrument) -> None:
    asked = StockBarsRequest(
        symbol_or_symbols="AAPL", timeframe=TimeFrame(7, TimeFrameUnit.Minute), start=FIRST
    )
    with pytest.raises(APIError) as refused:
        prices.get_stock_bars(asked)
    assert refused.value.status_code == 422
