"""The back-fill: from the end of the real history to yesterday, once."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from integrations.simulated.history import SimulatedHistory
from market import calendar
from market.intake.ingestion import store_ticks
from market.intake.providers import history_provider
from market.models import Bar, Instrument
from market.values import Interval
from tests.factories import make_daily_bars
from tests.market.factories import make_instrument, make_tick

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday


def make_real_history(instrument: Instrument, *, days: int = 60, close: str = "310") -> None:
    first_at = datetime(2020, 1, 10, 5, tzinfo=UTC) - timedelta(days=days - 1)
    closes = [str(Decimal(close) * (100 + day % 3) / 100) for day in range(days)]
    make_daily_bars(instrument, closes, first_at=first_at)


def stored(interval: str, instrument: Instrument) -> list[Bar]:
    bars = Bar.objects.filter(instrument=instrument, interval=interval, source="simulated")
    return list(bars.order_by("opened_at"))


def facts(bar: Bar) -> tuple[object, ...]:
    return (bar.opened_at, bar.open, bar.high, bar.low, bar.close, bar.volume)


def test_it_fills_every_session_from_the_real_end_to_yesterday() -> None:
    stock = make_instrument("AAPL")
    make_real_history(stock)
    SimulatedHistory(seed=1).backfill([stock], now=NOW)
    sessions = calendar.sessions_between(date(2020, 1, 11), date(2026, 11, 21), "XNYS")
    midnights = [
        calendar.local_midnight(session.session_date, "America/New_York") for session in sessions
    ]
    assert [bar.opened_at for bar in stored("1d", stock)] == midnights


def test_the_latest_five_sessions_have_minutes_that_make_up_their_day() -> None:
    stock = make_instrument("AAPL")
    make_real_history(stock)
    SimulatedHistory(seed=1).backfill([stock], now=NOW)
    days = stored("1d", stock)[-5:]
    for interval, count in (("1m", 390), ("1h", 7)):
        parts = defaultdict(list)
        for bar in stored(interval, stock):
            parts[calendar.local_date(bar.opened_at, "America/New_York")].append(bar)
        assert [len(day) for day in parts.values()] == [count] * 5
        for day, bars in zip(days, parts.values(), strict=True):
            assert (bars[0].open, bars[-1].close) == (day.open, day.close)
            assert max(bar.high for bar in bars) == day.high
            assert min(bar.low for bar in bars) == day.low
            assert sum(bar.volume for bar in bars) == day.volume


def test_repeated_it_adds_nothing() -> None:
    stock = make_instrument("AAPL")
    make_real_history(stock)
    assert SimulatedHistory(seed=1).backfill([stock], now=NOW) > 1_700 + 5 * 390
    assert SimulatedHistory(seed=1).backfill([stock], now=NOW) == 0


def test_day_by_day_it_makes_what_it_makes_at_once() -> None:
    at_once, by_steps = make_instrument("AAPL", mic="XNYS"), make_instrument("AAPL", mic="XNAS")
    for stock in (at_once, by_steps):
        make_real_history(stock)
    history = SimulatedHistory(seed=1)
    history.backfill([at_once], now=NOW)
    for days_before in (2_000, 900, 3, 2, 1, 0):
        history.backfill([by_steps], now=NOW - timedelta(days=days_before))
    assert [facts(bar) for bar in stored("1d", at_once)] == [
        facts(bar) for bar in stored("1d", by_steps)
    ]


def test_days_that_traded_here_are_kept() -> None:
    stock = make_instrument("AAPL")
    make_real_history(stock)
    history = SimulatedHistory(seed=1)
    history.backfill([stock], now=NOW - timedelta(days=10))
    traded_at = NOW - timedelta(days=9)
    store_ticks([make_tick(stock, "123.45", at=traded_at)], received_at=traded_at)
    history.backfill([stock], now=NOW)
    opened_at = calendar.local_midnight(traded_at.date(), "America/New_York")
    day = Bar.objects.get(instrument=stock, interval="1d", opened_at=opened_at)
    assert day.close == Decimal("123.45")
    following = Bar.objects.filter(instrument=stock, interval="1d", opened_at__gt=opened_at)
    first = following.order_by("opened_at")[0]
    assert abs(first.open / day.close - 1) < Decimal("0.1")


def test_an_instrument_without_any_bar_is_left_out() -> None:
    assert SimulatedHistory(seed=1).backfill([make_instrument()], now=NOW) == 0


def test_thirty_stocks_and_six_years_take_seconds() -> None:
    stocks = [make_instrument() for _ in range(30)]
    for stock in stocks:
        make_real_history(stock)
    started = time.process_time()
    written = SimulatedHistory(seed=1).backfill(stocks, now=NOW)
    assert written > 30 * (1_700 + 5 * 390)
    assert time.process_time() - started < 8


def test_bars_can_be_read_without_storing_them() -> None:
    stock = make_instrument("AAPL")
    make_real_history(stock)
    provider = history_provider()
    span = {"start_date": date(2020, 2, 3), "end_date": date(2020, 2, 7)}
    days = provider.bars(stock, interval=Interval.DAY, **span)
    assert len(days) == 5
    assert provider.bars(stock, interval=Interval.MINUTE, **span) == []  # of no stored day
    assert not stored("1d", stock)
    with pytest.raises(ValueError, match="1h"):
        provider.bars(stock, interval=Interval.HOUR, **span)
