"""The simulated exchange: repeatable, on its grid, and never running away."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.simulated.exchange import (
    BAND,
    LEVELS,
    Listing,
    SimulatedExchange,
    arrivals,
    best_prices,
    wander,
)
from integrations.simulated.randomness import normal, stream
from market.values import QuoteValue, TickValue

START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


def make_listing(
    *,
    symbol: str = "AAPL",
    tick_size: str = "0.01",
    lot_size: str = "1",
    trades_per_second: float = 2.0,
    volatility: float = 0.018,
) -> Listing:
    return Listing(
        instrument_id=7,
        symbol=symbol,
        tick_size=Decimal(tick_size),
        lot_size=Decimal(lot_size),
        volatility=volatility,
        trades_per_second=trades_per_second,
    )


def run(
    seed: int, listing: Listing, *, price: str = "310.33", steps: list[float]
) -> tuple[list[TickValue], list[QuoteValue]]:
    """Advance by steps of seconds; return all ticks, and a quote after each step."""
    exchange = SimulatedExchange(seed=seed)
    market = exchange.open_market(listing, price=Decimal(price), at=START)
    ticks, quotes, at = [], [], START
    for step in steps:
        at += timedelta(microseconds=round(step * 1_000_000))
        ticks += exchange.ticks(market, until=at)
        quotes.append(exchange.quote(market, at=at))
    return ticks, quotes


@given(seed=st.integers(0, 2**63 - 1), symbol=st.text(min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_the_same_seed_gives_the_same_prices(seed: int, symbol: str) -> None:
    listing = make_listing(symbol=symbol)
    assert repr(run(seed, listing, steps=[1.0] * 20)) == repr(run(seed, listing, steps=[1.0] * 20))


@given(steps=st.lists(st.floats(0, 3), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_how_often_it_is_asked_changes_no_trade(steps: list[float]) -> None:
    listing = make_listing()
    ticks, _ = run(1, listing, steps=steps)
    seconds = sum(round(step * 1_000_000) for step in steps) / 1_000_000
    at_once, _ = run(1, listing, steps=[seconds])
    assert ticks == at_once


def test_another_seed_or_symbol_gives_other_prices() -> None:
    ticks, _ = run(1, make_listing(), steps=[60])
    assert ticks != run(2, make_listing(), steps=[60])[0]
    assert ticks != run(1, make_listing(symbol="MSFT"), steps=[60])[0]


@given(
    seed=st.integers(0, 10**6),
    tick_size=st.sampled_from(["0.0001", "0.01", "0.05", "1"]),
    lot_size=st.sampled_from(["0.000001", "1", "100"]),
    price=st.decimals("0.01", "90000", places=2),
)
@settings(max_examples=60, deadline=None)
def test_prices_and_sizes_lie_on_their_grids(
    seed: int, tick_size: str, lot_size: str, price: Decimal
) -> None:
    listing = make_listing(tick_size=tick_size, lot_size=lot_size)
    ticks, quotes = run(seed, listing, price=str(price), steps=[5.0] * 4)
    levels = [level for quote in quotes for level in (*quote.bid_levels, *quote.ask_levels)]
    for level_price, size in [*levels, *((tick.price, tick.size) for tick in ticks)]:
        assert level_price > 0
        assert level_price % Decimal(tick_size) == 0
        assert size > 0
        assert size % Decimal(lot_size) == 0


def test_depth_is_ordered_and_begins_with_the_best() -> None:
    _, quotes = run(3, make_listing(), steps=[1.0] * 50)
    for quote in quotes:
        bids = [price for price, _ in quote.bid_levels]
        asks = [price for price, _ in quote.ask_levels]
        assert len(bids) == len(asks) == LEVELS
        assert all(better > worse for better, worse in pairwise(bids))
        assert all(better < worse for better, worse in pairwise(asks))
        assert (quote.bid, quote.bid_size) == quote.bid_levels[0]
        assert (quote.ask, quote.ask_size) == quote.ask_levels[0]
        assert bids[0] < asks[0]


def test_a_price_of_one_tick_keeps_a_bid() -> None:
    assert best_prices(0.0) == (1, 2)


def test_trades_come_as_often_as_asked() -> None:
    counts = [len(arrivals(stream(1, "AAPL", second), 2.0)) for second in range(2_000)]
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / len(counts)
    assert mean == pytest.approx(2.0, rel=0.1)
    assert variance == pytest.approx(mean, rel=0.15)  # as a Poisson process has it


def test_ticks_ascend_and_their_ids_are_unique() -> None:
    ticks, _ = run(1, make_listing(trades_per_second=20), steps=[0.1] * 300)
    assert len({(tick.occurred_at, tick.provider_tick_id) for tick in ticks}) == len(ticks)
    assert [tick.occurred_at for tick in ticks] == sorted(tick.occurred_at for tick in ticks)


def wandered(seed: int, *, volatility: float, seconds: float) -> list[float]:
    """Distances from the anchor, as differences of logarithms, every 30 seconds."""
    exchange = SimulatedExchange(seed=seed)
    listing = make_listing(volatility=volatility)
    market = exchange.open_market(listing, price=Decimal("310.33"), at=START)
    chance = stream(seed, "test")
    distances = []
    for _ in range(round(seconds / 30)):
        wander(market, seconds=30, draw=normal(chance))
        distances.append(market.log_price - market.log_anchor)
    return distances


def test_a_day_moves_about_as_much_as_the_instrument_usually_does() -> None:
    moves = [wandered(seed, volatility=0.018, seconds=6.5 * 3600)[-1] for seed in range(200)]
    deviation = math.sqrt(sum(move**2 for move in moves) / len(moves))
    # The pull to the anchor takes a part of what a free walk would move.
    assert 0.011 < deviation < 0.019


def test_a_long_run_stays_near_its_anchor() -> None:
    distances = wandered(9, volatility=0.05, seconds=60 * 24 * 3600)
    assert max(map(abs, distances)) <= BAND + 1e-9


def test_no_trade_is_made_for_time_that_was_skipped() -> None:
    exchange = SimulatedExchange(seed=1)
    market = exchange.open_market(make_listing(), price=Decimal(100), at=START)
    exchange.skip(market, until=START + timedelta(hours=8))
    ticks = exchange.ticks(market, until=START + timedelta(hours=8, seconds=10))
    assert ticks
    assert all(tick.occurred_at > START + timedelta(hours=8) for tick in ticks)
