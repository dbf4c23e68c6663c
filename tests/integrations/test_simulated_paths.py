"""Simulated history: repeatable, believable, bounded, and minutes that make up their day."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.simulated.paths import (
    Candle,
    Character,
    character_of,
    daily_candles,
    minute_candles,
)

CHARACTER = Character(
    volatility=0.018, volume=30_000_000, trend_close=31_033, trend_date=date(2020, 1, 10)
)


def weekdays(start: date, count: int) -> list[date]:
    days = (start + timedelta(days=offset) for offset in range(count * 2))
    return [day for day in days if day.weekday() < 5][:count]


def walk(symbol: str, days: list[date], *, seed: int = 1, close: int = 31_033) -> list[Candle]:
    return daily_candles(CHARACTER, seed=seed, symbol=symbol, previous_close=close, days=days)


@given(cut=st.integers(0, 120), seed=st.integers(0, 2**63 - 1))
@settings(max_examples=30, deadline=None)
def test_two_pieces_make_the_walk_of_one(cut: int, seed: int) -> None:
    days = weekdays(date(2020, 1, 13), 120)
    whole = walk("AAPL", days, seed=seed)
    first = walk("AAPL", days[:cut], seed=seed)
    close = first[-1].close if first else 31_033
    assert first + walk("AAPL", days[cut:], seed=seed, close=close) == whole


@given(seed=st.integers(0, 10**9))
@settings(max_examples=40, deadline=None)
def test_every_candle_encloses_its_prices(seed: int) -> None:
    for close in (1, 5, 31_033):
        for candle in walk("X", weekdays(date(2020, 1, 13), 250), seed=seed, close=close):
            assert 1 <= candle.low <= min(candle.open, candle.close)
            assert candle.high >= max(candle.open, candle.close)
            assert candle.volume >= 0


def test_the_walk_moves_as_the_real_history_did() -> None:
    closes = [candle.close for candle in walk("AAPL", weekdays(date(2020, 1, 13), 1_500))]
    returns = np.diff(np.log(closes))
    assert float(returns.std()) == pytest.approx(0.018, rel=0.1)


def test_twenty_years_end_neither_at_zero_nor_beyond_reason() -> None:
    days = weekdays(date(2020, 1, 13), 5_000)
    for symbol in ("AAPL", "MSFT", "XOM", "JPM", "KO", "PFE"):
        closes = [candle.close for candle in walk(symbol, days)]
        trend = [math.exp(CHARACTER.trend_at(day)) for day in days]
        ratios = [close / usual for close, usual in zip(closes, trend, strict=True)]
        assert min(ratios) > 0.2
        assert max(ratios) < 5


@st.composite
def days_to_cut(draw: st.DrawFn) -> Candle:
    opened, closed = draw(st.integers(1, 50_000)), draw(st.integers(1, 50_000))
    return Candle(
        open=opened,
        high=max(opened, closed) + draw(st.integers(0, 2_000)),
        low=max(1, min(opened, closed) - draw(st.integers(0, 2_000))),
        close=closed,
        volume=draw(st.integers(0, 10**9)),
    )


@given(day=days_to_cut(), seed=st.integers(0, 10**9), minutes=st.sampled_from([1, 2, 210, 390]))
@settings(max_examples=150, deadline=None)
def test_minutes_make_up_exactly_their_day(day: Candle, seed: int, minutes: int) -> None:
    cut = minute_candles(day, seed=seed, symbol="AAPL", day_date=date(2026, 1, 5), minutes=minutes)
    assert len(cut) == minutes
    assert (cut[0].open, cut[-1].close) == (day.open, day.close)
    assert max(minute.high for minute in cut) == day.high
    assert min(minute.low for minute in cut) == day.low
    assert sum(minute.volume for minute in cut) == day.volume
    for minute in cut:
        assert minute.low <= min(minute.open, minute.close)
        assert minute.high >= max(minute.open, minute.close)
        assert minute.volume >= 0


def test_an_instrument_with_one_close_gets_a_usual_character() -> None:
    character = character_of([100.0], [0.0], latest_date=date(2020, 1, 10))
    assert character.volatility == 0.018
    assert character.volume == 1_000_000


def test_there_is_no_character_without_a_close() -> None:
    with pytest.raises(ValueError, match="empty"):
        character_of([], [], latest_date=date(2020, 1, 10))
