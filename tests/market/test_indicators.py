"""Averages by their definitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.charting.indicators import exponential_moving_average, simple_moving_average

Average = Callable[..., list[Decimal | None]]
AVERAGES = (simple_moving_average, exponential_moving_average)
VALUES = st.lists(st.decimals(min_value="0.01", max_value="10000", places=2), max_size=80)


def numbers(*values: int) -> list[Decimal]:
    return [Decimal(value) for value in values]


def test_a_simple_average_is_of_the_newest_values() -> None:
    assert simple_moving_average(numbers(1, 2, 3, 10), length=3) == [None, None, 2, 5]


def test_an_exponential_average_starts_simple_and_weighs_the_newest() -> None:
    # Weight 2 / (3 + 1) = 1/2: (1+2+3)/3 = 2, then 2 + (10 - 2)/2 = 6.
    assert exponential_moving_average(numbers(1, 2, 3, 10), length=3) == [None, None, 2, 6]


@pytest.mark.parametrize("average", AVERAGES)
def test_too_few_values_have_no_average(average: Average) -> None:
    assert average(numbers(1, 2), length=3) == [None, None]


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("length", [0, -1])
def test_a_length_must_be_positive(average: Average, length: int) -> None:
    with pytest.raises(ValueError, match="must be > 0"):
        average(numbers(1), length=length)


@given(VALUES, st.integers(1, 30))
def test_a_simple_average_agrees_with_summing_each_window(
    values: Sequence[Decimal], length: int
) -> None:
    averages = simple_moving_average(values, length=length)
    assert averages == [
        sum(values[index - length + 1 : index + 1], Decimal(0)) / length
        if index >= length - 1
        else None
        for index in range(len(values))
    ]


@pytest.mark.parametrize("average", AVERAGES)
@given(VALUES, st.integers(1, 30))
def test_an_average_lies_between_the_extremes(
    average: Average, values: Sequence[Decimal], length: int
) -> None:
    for value in average(values, length=length):
        # A division may round in the 28th digit.
        assert value is None or min(values) - 1 < value < max(values) + 1
