"""The price at which each kind of alert is met, and what terms are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from market.alerts.close_series import CloseSeries
from market.alerts.kinds import AlertKind, Direction
from market.alerts.levels import PriceFacts, rsi_level, sma_level, trigger_level
from market.alerts.terms import AlertTerms, Condition, complete, condition_words, find_problems
from market.values import Interval
from tests.market.factories import NOON, decimals

PORTFOLIO = UUID(int=7)
prices = st.integers(1_000, 20_000).map(lambda cents: Decimal(cents) / 100)
TINY = Decimal("0.0000001")


def make_terms(kind: str, threshold: str | None = None, **facts: Any) -> AlertTerms:
    number = None if threshold is None else Decimal(threshold)
    own = {
        name: facts.pop(name) for name in ("repeats", "cooldown_seconds", "note") if name in facts
    }
    return AlertTerms(condition=Condition(kind=AlertKind(kind), threshold=number, **facts), **own)


def codes(terms: AlertTerms) -> dict[str, str]:
    problems = find_problems(complete(terms), given=terms.condition)
    return {problem.field: problem.code for problem in problems}


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (make_terms("price_above", "210.5"), "price at or above 210.5"),
        (make_terms("price_below", "200"), "price at or below 200"),
        (make_terms("change_pct", "5"), "change of the day at or above +5%"),
        (make_terms("change_pct", "-3.5"), "change of the day at or below −3.5%"),
        (make_terms("sma_cross"), "price rises to or above SMA 20 (1d)"),
        (
            make_terms("sma_cross", direction=Direction.BELOW, fast_length=5, length=50),
            "SMA 5 falls to or below SMA 50 (1d)",
        ),
        (
            make_terms("rsi_above", "70", interval=Interval.HOUR),
            "RSI 14 (1h) at or above 70",
        ),
        (make_terms("rsi_below", "30", length=7), "RSI 7 (1d) at or below 30"),
        (
            make_terms("holding_gain_pct", "10", portfolio_id=PORTFOLIO),
            "gain of the holding at or above +10%",
        ),
    ],
)
def test_terms_are_completed_and_worded(terms: AlertTerms, expected: str) -> None:
    assert codes(terms) == {}
    assert condition_words(complete(terms).condition) == expected


@pytest.mark.parametrize(
    ("terms", "field", "code"),
    [
        (make_terms("price_above"), "threshold", "required"),
        (make_terms("price_above", "0"), "threshold", "out_of_range"),
        (make_terms("price_below", "-1"), "threshold", "out_of_range"),
        (make_terms("price_above", "100000000"), "threshold", "out_of_range"),
        (make_terms("price_above", "NaN"), "threshold", "out_of_range"),
        (make_terms("price_above", "0.000000001"), "threshold", "too_many_places"),
        (make_terms("change_pct", "0"), "threshold", "zero"),
        (make_terms("change_pct", "-100"), "threshold", "out_of_range"),
        (make_terms("rsi_above", "100"), "threshold", "out_of_range"),
        (make_terms("rsi_below", "0"), "threshold", "out_of_range"),
        (make_terms("rsi_below", "30", length=1), "length", "out_of_range"),
        (make_terms("rsi_below", "30", interval=Interval.WEEK), "interval", "unknown"),
        (make_terms("rsi_below", "30", fast_length=2), "fast_length", "not_used"),
        (make_terms("sma_cross", "5"), "threshold", "not_used"),
        (make_terms("sma_cross", length=201), "length", "out_of_range"),
        (make_terms("sma_cross", length=10, fast_length=10), "fast_length", "out_of_range"),
        (make_terms("price_above", "1", direction=Direction.BELOW), "direction", "not_used"),
        (make_terms("price_above", "1", length=5), "length", "not_used"),
        (make_terms("price_above", "1", portfolio_id=PORTFOLIO), "portfolio_id", "not_used"),
        (make_terms("holding_gain_pct", "5"), "portfolio_id", "required"),
        (
            make_terms("price_above", "1", repeats=True, cooldown_seconds=59),
            "cooldown_seconds",
            "out_of_range",
        ),
        (make_terms("price_above", "1", note="x" * 121), "note", "too_long"),
    ],
)
def test_terms_that_make_no_sense_are_refused(terms: AlertTerms, field: str, code: str) -> None:
    assert codes(terms) == {field: code}


def test_limits_of_terms_are_inclusive() -> None:
    for seconds in (60, 30 * 24 * 3600):
        assert not codes(make_terms("price_above", "1", repeats=True, cooldown_seconds=seconds))
    for length in (2, 200):
        assert not codes(make_terms("sma_cross", length=length))
    assert not codes(make_terms("price_above", "1", note="x" * 120))


@pytest.mark.parametrize(
    ("terms", "facts", "level"),
    [
        (make_terms("price_above", "5"), PriceFacts(), "5"),
        (make_terms("change_pct", "5"), PriceFacts(previous_close=Decimal(200)), "210"),
        (make_terms("change_pct", "-5"), PriceFacts(previous_close=Decimal(200)), "190"),
        (make_terms("change_pct", "5"), PriceFacts(), None),
        (
            make_terms("holding_gain_pct", "-10", portfolio_id=PORTFOLIO),
            PriceFacts(average_cost=Decimal(50)),
            "45",
        ),
        (make_terms("holding_gain_pct", "10", portfolio_id=PORTFOLIO), PriceFacts(), None),
        (make_terms("sma_cross", length=4), PriceFacts(closes=decimals("9 10 11 12")), "11"),
        (make_terms("sma_cross", length=6), PriceFacts(closes=decimals("9 10 11 12")), None),
        (make_terms("rsi_above", "70", length=4), PriceFacts(closes=decimals("9 9 9 9 9")), None),
        (make_terms("rsi_above", "70", length=4), PriceFacts(closes=decimals("9 9 8 9")), None),
    ],
)
def test_levels(terms: AlertTerms, facts: PriceFacts, level: str | None) -> None:
    found = trigger_level(complete(terms).condition, facts)
    assert found == (None if level is None else Decimal(level))


def plain_sma(closes: list[Decimal], length: int) -> Decimal:
    return sum(closes[-length:], Decimal(0)) / length


def plain_rsi(closes: list[Decimal], length: int) -> Decimal:
    """Wilder's index, as New Concepts in Technical Trading Systems (1978) works it out."""
    changes = [after - before for before, after in pairwise(closes)]
    gains = [max(change, Decimal(0)) for change in changes]
    losses = [max(-change, Decimal(0)) for change in changes]
    gain = sum(gains[:length], Decimal(0)) / length
    loss = sum(losses[:length], Decimal(0)) / length
    for place in range(length, len(changes)):
        gain = (gain * (length - 1) + gains[place]) / length
        loss = (loss * (length - 1) + losses[place]) / length
    return 100 * gain / (gain + loss)


@given(
    closes=st.lists(prices, min_size=30, max_size=60),
    fast=st.integers(1, 10),
    more=st.integers(1, 15),
)
def test_averages_meet_exactly_at_the_level(closes: list[Decimal], fast: int, more: int) -> None:
    length = fast + more
    level = sma_level(closes, length=length, fast_length=fast)
    assert level is not None
    for price, is_above in ((level + TINY, True), (level - TINY, False)):
        after = [*closes, price]
        assert (plain_sma(after, fast) > plain_sma(after, length)) is is_above


@given(
    closes=st.lists(prices, min_size=16, max_size=60),
    threshold=st.integers(5, 95).map(Decimal),
    length=st.integers(2, 14),
)
def test_the_index_reaches_its_threshold_exactly_at_the_level(
    closes: list[Decimal], threshold: Decimal, length: int
) -> None:
    assume(len(set(closes)) > 3)
    level = rsi_level(closes, length=length, threshold=threshold)
    assume(level is not None)
    assert level is not None
    assert plain_rsi([*closes, level + Decimal("0.01")], length) > threshold
    assert plain_rsi([*closes, level - Decimal("0.01")], length) < threshold


def test_a_level_stays_while_the_bar_moves_and_changes_when_it_closes() -> None:
    series = CloseSeries(Interval.MINUTE, timezone="America/New_York")
    series.load((NOON + timedelta(minutes=place), Decimal(10 + place)) for place in range(3))
    assert list(series.closes) == [10, 11]
    assert not series.price(Decimal(50), NOON + timedelta(minutes=2, seconds=30))
    assert list(series.closes) == [10, 11]
    assert series.price(Decimal(13), NOON + timedelta(minutes=5))
    assert list(series.closes) == [10, 11, 50]
    # A price that comes late, of a bar that has closed, changes nothing.
    assert not series.price(Decimal(99), NOON + timedelta(minutes=4))
    assert series.price(Decimal(14), NOON + timedelta(minutes=6))
    assert list(series.closes) == [10, 11, 50, 13]


def test_daily_bars_end_at_the_exchanges_midnight() -> None:
    series = CloseSeries(Interval.DAY, timezone="America/New_York")
    midnight = datetime(2026, 3, 8, 5, tzinfo=UTC)  # the day that has 23 hours
    series.price(Decimal(10), midnight + timedelta(hours=22, minutes=59))
    assert series.price(Decimal(11), midnight + timedelta(hours=23))
    assert list(series.closes) == [10]


def test_completing_twice_changes_nothing() -> None:
    once = complete(make_terms("rsi_above", "70", note="  a   b "))
    assert once.note == "a b"
    assert complete(replace(once)) == once
