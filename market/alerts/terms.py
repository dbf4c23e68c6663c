"""What an alert waits for, and whether that makes sense. Pure.

Percentages are in percent: a threshold of 5 is 5 %. A percentage above zero is waited for from
below (a rise, a gain), one below zero from above (a fall, a loss).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from accounts.errors import Problem
from market.alerts.kinds import AlertKind, Direction
from market.values import INTERVAL_SECONDS, Interval, plain

PRICE_MAXIMUM: Final = Decimal(100_000_000)
THRESHOLD_PLACES: Final = 8
LENGTH_MAXIMUM: Final = 200  # bars
NOTE_CHARACTERS: Final = 120
COOLDOWN_SECONDS: Final = (60, 30 * 24 * 3600)
DEFAULT_COOLDOWN_SECONDS: Final = 3_600
INTERVALS: Final = (*INTERVAL_SECONDS, Interval.DAY)
DEFAULT_LENGTHS: Final = {AlertKind.SMA_CROSS: 20, AlertKind.RSI_ABOVE: 14, AlertKind.RSI_BELOW: 14}
# Below the first and above the second, both excluded; zero is refused where it lies between.
THRESHOLDS: Final = {
    AlertKind.PRICE_ABOVE: (Decimal(0), PRICE_MAXIMUM),
    AlertKind.PRICE_BELOW: (Decimal(0), PRICE_MAXIMUM),
    AlertKind.CHANGE_PCT: (Decimal(-100), Decimal(1_000)),
    AlertKind.RSI_ABOVE: (Decimal(0), Decimal(100)),
    AlertKind.RSI_BELOW: (Decimal(0), Decimal(100)),
    AlertKind.HOLDING_GAIN_PCT: (Decimal(-100), Decimal(100_000)),
}
BY_SIGN: Final = frozenset({AlertKind.CHANGE_PCT, AlertKind.HOLDING_GAIN_PCT})
FIXED_DIRECTIONS: Final = {
    AlertKind.PRICE_ABOVE: Direction.ABOVE,
    AlertKind.PRICE_BELOW: Direction.BELOW,
    AlertKind.RSI_ABOVE: Direction.ABOVE,
    AlertKind.RSI_BELOW: Direction.BELOW,
}
# What each kind needs beside its threshold; anything else given is refused.
USED: Final = {
    AlertKind.SMA_CROSS: {"direction", "interval", "length", "fast_length"},
    AlertKind.RSI_ABOVE: {"interval", "length"},
    AlertKind.RSI_BELOW: {"interval", "length"},
    AlertKind.HOLDING_GAIN_PCT: {"portfolio_id"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What is waited for; ``direction`` may be left out where kind or sign decides it."""

    kind: AlertKind
    threshold: Decimal | None = None
    direction: Direction | None = None
    interval: Interval | None = None
    length: int | None = None  # bars, of the slow average
    fast_length: int | None = None  # bars; 1 is the price itself
    portfolio_id: UUID | None = None

    @property
    def is_above(self) -> bool:
        return self.direction is Direction.ABOVE

    @property
    def needs_bars(self) -> bool:
        return self.kind in DEFAULT_LENGTHS


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTerms:
    """A condition, and what happens after it was met."""

    condition: Condition
    repeats: bool = False
    cooldown_seconds: int = DEFAULT_COOLDOWN_SECONDS
    note: str = ""


def only_used(condition: Condition) -> Condition:
    """The condition without what its kind has no use for, or what kind and sign decide."""
    used = {name: getattr(condition, name) for name in USED.get(condition.kind, ())}
    threshold = None if condition.kind is AlertKind.SMA_CROSS else condition.threshold
    return Condition(kind=condition.kind, threshold=threshold, **used)


def complete(terms: AlertTerms) -> AlertTerms:
    """Fill in what was left out; call before ``find_problems``."""
    given = terms.condition
    direction = FIXED_DIRECTIONS.get(given.kind, given.direction)
    if given.kind in BY_SIGN and given.threshold is not None:
        direction = Direction.ABOVE if given.threshold > 0 else Direction.BELOW
    condition = replace(given, direction=direction)
    if given.needs_bars:
        condition = replace(
            condition,
            interval=given.interval or Interval.DAY,
            length=given.length if given.length is not None else DEFAULT_LENGTHS[given.kind],
        )
    if given.kind is AlertKind.SMA_CROSS:
        fast = given.fast_length if given.fast_length is not None else 1
        condition = replace(
            condition, fast_length=fast, direction=given.direction or Direction.ABOVE
        )
    return replace(terms, condition=condition, note=" ".join(terms.note.split()))


def find_problems(terms: AlertTerms, *, given: Condition) -> list[Problem]:
    """Name everything that is wrong with completed terms.

    Args:
        given: the condition as it came, to name what its kind has no use for.
    """
    return [
        *_threshold_problems(terms.condition),
        *_series_problems(terms.condition),
        *_unused(given),
        *_other_problems(terms),
    ]


def condition_words(condition: Condition) -> str:
    """The condition as a sentence without its instrument: ``price at or above 210``."""
    threshold = "" if condition.threshold is None else plain(condition.threshold)
    side = "at or above" if condition.is_above else "at or below"
    match condition.kind:
        case AlertKind.PRICE_ABOVE | AlertKind.PRICE_BELOW:
            return f"price {side} {threshold}"
        case AlertKind.CHANGE_PCT:
            return f"change of the day {side} {_signed(threshold)}%"
        case AlertKind.HOLDING_GAIN_PCT:
            return f"gain of the holding {side} {_signed(threshold)}%"
        case AlertKind.SMA_CROSS:
            crossing = "price" if condition.fast_length == 1 else f"SMA {condition.fast_length}"
            way = "rises to or above" if condition.is_above else "falls to or below"
            return f"{crossing} {way} SMA {condition.length} ({condition.interval})"
    return f"RSI {condition.length} ({condition.interval}) {side} {threshold}"


def _signed(number: str) -> str:
    return number.replace("-", "−") if number.startswith("-") else f"+{number}"


def _threshold_problems(condition: Condition) -> Iterator[Problem]:
    kind, threshold = condition.kind, condition.threshold
    if kind is AlertKind.SMA_CROSS:
        if threshold is not None:
            yield Problem("threshold", "not_used", "A moving average needs no threshold.")
        return
    if threshold is None:
        yield Problem("threshold", "required", "Give a threshold.")
        return
    least, most = THRESHOLDS[kind]
    if not threshold.is_finite() or not least < threshold < most:
        message = f"threshold was {threshold}, must be > {plain(least)} and < {plain(most)}"
        yield Problem("threshold", "out_of_range", message)
    elif threshold == 0:
        yield Problem("threshold", "zero", "threshold was 0, must be above or below it")
    elif threshold != round(threshold, THRESHOLD_PLACES):
        message = f"threshold had more than {THRESHOLD_PLACES} decimal places"
        yield Problem("threshold", "too_many_places", message)


def _series_problems(condition: Condition) -> Iterator[Problem]:
    if not condition.needs_bars:
        return
    if condition.interval not in INTERVALS:
        words = ", ".join(INTERVALS)
        message = f"interval was {condition.interval}, must be one of {words}"
        yield Problem("interval", "unknown", message)
    length = condition.length or 0
    if not 2 <= length <= LENGTH_MAXIMUM:
        message = f"length was {length}, must be 2 to {LENGTH_MAXIMUM}"
        yield Problem("length", "out_of_range", message)
    elif condition.fast_length is not None and not 1 <= condition.fast_length < length:
        message = f"fast_length was {condition.fast_length}, must be 1 to {length - 1}"
        yield Problem("fast_length", "out_of_range", message)


def _unused(given: Condition) -> Iterator[Problem]:
    """Whatever the kind does not use would be silently ignored, so it is refused."""
    used = USED.get(given.kind, set())
    for name in ("direction", "interval", "length", "fast_length", "portfolio_id"):
        if name not in used and getattr(given, name) is not None:
            yield Problem(name, "not_used", f"{given.kind} has no use for {name}")


def _other_problems(terms: AlertTerms) -> Iterator[Problem]:
    if terms.condition.kind is AlertKind.HOLDING_GAIN_PCT and terms.condition.portfolio_id is None:
        yield Problem("portfolio_id", "required", "Say in which portfolio the holding is.")
    least, most = COOLDOWN_SECONDS
    if terms.repeats and not least <= terms.cooldown_seconds <= most:
        message = f"cooldown_seconds was {terms.cooldown_seconds}, must be {least} to {most}"
        yield Problem("cooldown_seconds", "out_of_range", message)
    if len(terms.note) > NOTE_CHARACTERS or "\0" in terms.note:
        message = f"note had {len(terms.note)} characters, must have at most {NOTE_CHARACTERS}"
        yield Problem("note", "too_long", message)
