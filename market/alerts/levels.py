"""The price at which an alert's condition is met. Pure.

Every kind comes down to one price. A change or a gain of so many percent is a price once the
previous close or the cost is known. An indicator is taken as though its newest bar closed at the
price asked about; averages and RSI rise with that price, so there is one at which they reach what
is waited for, and it stays the same until the bar closes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

from market.alerts.kinds import AlertKind
from market.alerts.terms import Condition

HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFacts:
    """What a level depends on, prices in the instrument's currency; None where not known.

    ``closes`` are those of closed bars of the condition's interval, ascending.
    """

    previous_close: Decimal | None = None
    average_cost: Decimal | None = None
    closes: Sequence[Decimal] = ()


def trigger_level(condition: Condition, facts: PriceFacts) -> Decimal | None:
    """The price from which on the condition is met; None while what it needs is not known.

    A level may be zero or below: then no price, or every price, meets the condition.
    """
    threshold = condition.threshold or Decimal(0)
    match condition.kind:
        case AlertKind.PRICE_ABOVE | AlertKind.PRICE_BELOW:
            return threshold
        case AlertKind.CHANGE_PCT:
            return _percent_beyond(facts.previous_close, threshold)
        case AlertKind.HOLDING_GAIN_PCT:
            return _percent_beyond(facts.average_cost, threshold)
        case AlertKind.SMA_CROSS:
            return sma_level(
                facts.closes, length=condition.length or 0, fast_length=condition.fast_length or 1
            )
    return rsi_level(facts.closes, length=condition.length or 0, threshold=threshold)


def sma_level(closes: Sequence[Decimal], *, length: int, fast_length: int) -> Decimal | None:
    """The price at which the fast average of the newest bars equals the slow one.

    With the price p as the newest close, ``(F + p) / f = (S + p) / s`` where F and S sum the
    closes before it; hence ``p = (S·f - F·s) / (s - f)``. For f = 1 it is the mean of the closes.

    Args:
        closes: of closed bars, ascending.
        length: bars of the slow average, more than ``fast_length``.
    """
    if len(closes) < length - 1:
        return None
    slow = sum(closes[len(closes) - length + 1 :], Decimal(0))
    fast = sum(closes[len(closes) - fast_length + 1 :], Decimal(0))
    return (slow * fast_length - fast * length) / (length - fast_length)


def rsi_level(closes: Sequence[Decimal], *, length: int, threshold: Decimal) -> Decimal | None:
    """The price at which the relative strength index reaches the threshold.

    Wilder's index is ``100 · G / (G + L)``; G and L are the averages of rises and falls, where
    each new one weighs ``1 / length``. Solved for the newest close, above the one before it or
    below, as the index stands there.

    Args:
        closes: of closed bars, ascending.
        threshold: > 0 and < 100.
    """
    averages = _rises_and_falls(closes, length)
    if averages is None or not any(averages):
        return None
    rises, falls = (average * (length - 1) for average in averages)
    rest = HUNDRED - threshold
    rise = threshold * falls / rest - rises
    if rise >= 0:
        return closes[-1] + rise
    return closes[-1] - (rises * rest / threshold - falls)


def rearm_level(level: Decimal, *, is_above: bool, distance_bps: int) -> Decimal:
    """How far the price must return before the alert counts as not met any more."""
    distance = abs(level) * distance_bps / 10_000
    return level - distance if is_above else level + distance


def _percent_beyond(base: Decimal | None, percent: Decimal) -> Decimal | None:
    return None if base is None else base * (HUNDRED + percent) / HUNDRED


def _rises_and_falls(closes: Sequence[Decimal], length: int) -> tuple[Decimal, Decimal] | None:
    """Wilder's averages: the first over ``length`` changes, each later one smoothed in."""
    if len(closes) <= length:
        return None
    changes = [after - before for before, after in pairwise(closes)]
    zero = Decimal(0)
    rises = sum((max(change, zero) for change in changes[:length]), zero) / length
    falls = sum((max(-change, zero) for change in changes[:length]), zero) / length
    for change in changes[length:]:
        rises = (rises * (length - 1) + max(change, zero)) / length
        falls = (falls * (length - 1) + max(-change, zero)) / length
    return rises, falls
