"""Past prices that might have been: days by a bounded random walk, minutes by a bridge. Pure.

Prices are whole ticks and volumes whole lots; both are integers > 0 (volumes >= 0).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from integrations.simulated.randomness import array_stream

TRADING_DAYS: Final = 252
# Prices grow slowly and are pulled back to that trend, so that decades of simulation stay
# within a few times of where the real history ended.
YEARLY_GROWTH: Final = 0.05
YEARLY_PULL: Final = 0.5
FIRST_DAY: Final = date(2000, 1, 1).toordinal()  # draws are numbered from here
DRAWS_PER_DAY: Final = 6
LARGEST_DRAW: Final = 4.0
USUAL_VOLATILITY: Final = 0.018
LOWEST_VOLATILITY, HIGHEST_VOLATILITY = 0.004, 0.05
USUAL_VOLUME_LOTS: Final = 1_000_000

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candle:
    open: int  # ticks
    high: int
    low: int
    close: int
    volume: int  # lots


@dataclass(frozen=True, slots=True)
class Character:
    """How an instrument moves, as its real history showed."""

    volatility: float  # standard deviation of a day's logarithmic return
    volume: float  # lots on a usual day
    trend_close: float  # ticks: where the trend stood at trend_date
    trend_date: date

    def trend_at(self, day: date) -> float:
        """The logarithm, in ticks, of where the trend stands on that day."""
        years = (day - self.trend_date).days / 365.25
        return math.log(self.trend_close) + YEARLY_GROWTH * years


def character_of(
    closes: Sequence[float], volumes: Sequence[float], *, latest_date: date
) -> Character:
    """Read the character out of daily closes (ticks) and volumes (lots), both ascending.

    Raises:
        ValueError: there is no close to start from.
    """
    if not closes:
        raise ValueError("closes were empty, must hold at least one")
    returns = np.diff(np.log(np.asarray(closes, dtype=np.float64)))
    volatility = float(returns.std()) if returns.size >= 10 else USUAL_VOLATILITY
    traded = [volume for volume in volumes if volume > 0]
    return Character(
        volatility=min(max(volatility, LOWEST_VOLATILITY), HIGHEST_VOLATILITY),
        volume=float(np.median(traded)) if traded else USUAL_VOLUME_LOTS,
        trend_close=float(closes[-1]),
        trend_date=latest_date,
    )


def daily_candles(
    character: Character, *, seed: int, symbol: str, previous_close: int, days: Sequence[date]
) -> list[Candle]:
    """Continue from a close over the given sessions, ascending.

    The draws of a day depend on seed, symbol and date alone, so a walk made in two pieces is the
    walk made in one.
    """
    if not days:
        return []
    last_row = days[-1].toordinal() - FIRST_DAY
    draws = array_stream(seed, symbol, "days").standard_normal((last_row + 1, DRAWS_PER_DAY))
    np.clip(draws, -LARGEST_DRAW, LARGEST_DRAW, out=draws)
    candles = []
    close = previous_close
    for day in days:
        candle = _daily_candle(character, close, day, draws[day.toordinal() - FIRST_DAY].tolist())
        candles.append(candle)
        close = candle.close
    return candles


def _daily_candle(
    character: Character, previous_close: int, day: date, draws: Sequence[float]
) -> Candle:
    move, gap, reach_up, reach_down, crowd, _ = draws
    volatility = character.volatility
    start = math.log(previous_close)
    pull = (character.trend_at(day) - start) * YEARLY_PULL / TRADING_DAYS
    end = start + pull + YEARLY_GROWTH / TRADING_DAYS + volatility * move
    first = start + 0.35 * volatility * gap
    top = max(first, end) + 0.45 * volatility * abs(reach_up)
    bottom = min(first, end) - 0.45 * volatility * abs(reach_down)
    opened, closed = _ticks(first), _ticks(end)
    # Days that move a lot are busy days.
    volume = character.volume * math.exp(0.3 * crowd + 0.25 * (abs(move) - 0.8))
    return Candle(
        open=opened,
        high=max(opened, closed, _ticks(top)),
        low=min(opened, closed, _ticks(bottom)),
        close=closed,
        volume=round(volume),
    )


def _ticks(logarithm: float) -> int:
    return max(1, round(math.exp(logarithm)))


def minute_candles(
    day: Candle, *, seed: int, symbol: str, day_date: date, minutes: int
) -> list[Candle]:
    """Cut a day into minutes that make up exactly that day.

    The first opens and the last closes where the day did, the highest and lowest are the day's,
    and the volumes add up to its volume.
    """
    chance = array_stream(seed, symbol, "minutes", day_date.isoformat())
    closes = _bridge(chance, day, minutes)
    opens = np.concatenate(([day.open], closes[:-1]))
    wick = max(1.0, (day.high - day.low) / math.sqrt(minutes))
    highs = np.maximum(opens, closes) + np.rint(np.abs(chance.normal(0, wick / 2, minutes)))
    lows = np.minimum(opens, closes) - np.rint(np.abs(chance.normal(0, wick / 2, minutes)))
    highs, lows = np.minimum(highs, day.high), np.maximum(lows, day.low)
    highs[int(np.argmax(highs))] = day.high
    lows[int(np.argmin(lows))] = day.low
    volumes = _spread_volume(chance, day.volume, minutes)
    rows = np.column_stack((opens, highs, lows, closes, volumes)).astype(np.int64).tolist()
    return [Candle(*row) for row in rows]


def _bridge(chance: np.random.Generator, day: Candle, minutes: int) -> Floats:
    """Closes of the minutes: a random walk tied to the day's close, inside its range."""
    spread = max(1.0, float(day.high - day.low))
    walk = np.cumsum(chance.normal(0, spread / (1.7 * math.sqrt(minutes)), minutes))
    passed = np.arange(1, minutes + 1) / minutes
    closes = day.open + walk + passed * (day.close - day.open - walk[-1])
    bounded: Floats = np.clip(np.rint(closes), day.low, day.high)
    bounded[-1] = day.close
    return bounded


def _spread_volume(chance: np.random.Generator, volume: int, minutes: int) -> Whole:
    """Most is traded at the open and the close."""
    place = np.linspace(-1, 1, minutes)
    weights = (0.5 + 1.5 * place**2) * np.exp(chance.normal(0, 0.4, minutes))
    edges = np.rint(np.cumsum(weights) / weights.sum() * volume).astype(np.int64)
    volumes: Whole = np.diff(edges, prepend=0)
    return volumes
