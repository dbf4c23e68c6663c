"""Indicators over closing prices. Pure: values in, one value per input out."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal


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


def _check_length(length: int) -> None:
    if length < 1:
        raise ValueError(f"length was {length}, must be > 0")
