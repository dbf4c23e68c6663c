"""Indicators over closing prices. Pure: values in, one value per input out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

Line = list[Decimal | None]

BAND_DEVIATIONS: Final = 2
FAST, SLOW, SIGNAL = 12, 26, 9
HUNDRED: Final = Decimal(100)
NEITHER: Final = Decimal(50)  # RSI where nothing rose and nothing fell


@dataclass(frozen=True, slots=True)
class Bands:
    lower: Line
    middle: Line
    upper: Line


@dataclass(frozen=True, slots=True)
class Convergence:
    """Fast average minus slow one, the average of that, and the first minus the second."""

    macd: Line
    signal: Line
    histogram: Line


def simple_moving_average(values: Sequence[Decimal], *, length: int) -> list[Decimal | None]:
    """Average the newest ``length`` values at each place.

    Args:
        values: ascending in time.
        length: > 0.

    Returns:
        As many values as were given; ``None`` where fewer than ``length`` have been seen.

    Raises:
        ValueError: the length is not positive.
    """
    _check_length(length)
    averages: list[Decimal | None] = []
    total = Decimal(0)
    for index, value in enumerate(values):
        total += value
        if index >= length:
            total -= values[index - length]
        averages.append(total / length if index >= length - 1 else None)
    return averages


def exponential_moving_average(values: Sequence[Decimal], *, length: int) -> list[Decimal | None]:
    """Average with weights that fall off by ``2 / (length + 1)`` per step.

    The first average is the simple one of the first ``length`` values.

    Args:
        values: ascending in time.
        length: > 0.

    Returns:
        As many values as were given; ``None`` where fewer than ``length`` have been seen.

    Raises:
        ValueError: the length is not positive.
    """
    _check_length(length)
    if len(values) < length:
        return [None] * len(values)
    weight = Decimal(2) / (length + 1)
    average = sum(values[:length], Decimal(0)) / length
    averages: list[Decimal | None] = [None] * (length - 1) + [average]
    for value in values[length:]:
        average += weight * (value - average)
        averages.append(average)
    return averages


def bollinger_bands(values: Sequence[Decimal], *, length: int) -> Bands:
    """The simple average, and two deviations below and above it.

    The deviation is that of the whole population of the newest ``length`` values.

    Args:
        values: ascending in time.
        length: > 0.

    Raises:
        ValueError: the length is not positive.
    """
    middle = simple_moving_average(values, length=length)
    lower: Line = []
    upper: Line = []
    for index, average in enumerate(middle):
        if average is None:
            lower.append(None)
            upper.append(None)
            continue
        newest = values[index - length + 1 : index + 1]
        variance = sum(((value - average) ** 2 for value in newest), Decimal(0)) / length
        reach = BAND_DEVIATIONS * variance.sqrt()
        lower.append(average - reach)
        upper.append(average + reach)
    return Bands(lower, middle, upper)


def relative_strength_index(values: Sequence[Decimal], *, length: int) -> Line:
    """How much of the newest movement was upwards, from 0 to 100.

    The first averages of rises and falls are simple ones of ``length`` changes; from then on each
    new change weighs 1 ÷ length.

    Args:
        values: ascending in time.
        length: > 0, changes.

    Raises:
        ValueError: the length is not positive.

    Source: J. Welles Wilder, New Concepts in Technical Trading Systems, section VI.
    """
    _check_length(length)
    if len(values) <= length:
        return [None] * len(values)
    changes = [after - before for before, after in pairwise(values)]
    rises = sum((max(change, Decimal(0)) for change in changes[:length]), Decimal(0)) / length
    falls = sum((max(-change, Decimal(0)) for change in changes[:length]), Decimal(0)) / length
    found: Line = [None] * length + [_strength(rises, falls)]
    for change in changes[length:]:
        rises += (max(change, Decimal(0)) - rises) / length
        falls += (max(-change, Decimal(0)) - falls) / length
        found.append(_strength(rises, falls))
    return found


def moving_average_convergence(values: Sequence[Decimal]) -> Convergence:
    """MACD 12, 26, 9. Both averages begin at the same value, the first where the slow one can.

    Args:
        values: ascending in time.

    Source: G. Appel, Technical Analysis: Power Tools for Active Investors, chapter 8; the common
    beginning is that of TA-Lib.
    """
    late = SLOW - FAST
    slow = exponential_moving_average(values, length=SLOW)
    fast: Line = [None] * min(late, len(values))
    fast += exponential_moving_average(values[late:], length=FAST)
    macd = [
        None if one is None or other is None else one - other
        for one, other in zip(fast, slow, strict=True)
    ]
    known = [value for value in macd if value is not None]
    signal: Line = [None] * (len(macd) - len(known))
    signal += exponential_moving_average(known, length=SIGNAL)
    histogram = [
        None if one is None or other is None else one - other
        for one, other in zip(macd, signal, strict=True)
    ]
    return Convergence(macd, signal, histogram)


def _strength(rises: Decimal, falls: Decimal) -> Decimal:
    if rises + falls == 0:
        return NEITHER
    return HUNDRED * rises / (rises + falls)


def _check_length(length: int) -> None:
    if length < 1:
        raise ValueError(f"length was {length}, must be > 0")
