"""Averages by their definitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.charting.indicators import (
    bollinger_bands,
    exponential_moving_average,
    moving_average_convergence,
    relative_strength_index,
    simple_moving_average,
)

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


def test_bands_are_two_deviations_away() -> None:
    # Of 2, 4, 4, 4, 5, 5, 7, 9 the mean is 5 and the population deviation 2.
    bands = bollinger_bands(numbers(2, 4, 4, 4, 5, 5, 7, 9), length=8)
    assert (bands.lower[-1], bands.middle[-1], bands.upper[-1]) == (
        Decimal(1),
        Decimal(5),
        Decimal(9),
    )
    assert bands.lower[:7] == [None] * 7


def test_strength_is_the_share_of_rises() -> None:
    # Rises 2 and 1, falls 1: averages over three changes 1 and 1/3, so 75 of 100; then a fall of
    # 1 makes them 2/3 and 5/9, so 100 × (2/3) ÷ (11/9).
    found = relative_strength_index(numbers(1, 3, 2, 3, 2), length=3)
    assert found[:3] == [None] * 3
    assert found[3] == pytest.approx(Decimal(75))
    assert found[4] == pytest.approx(Decimal(600) / 11)


def test_strength_of_a_price_that_never_moves_is_neither() -> None:
    assert relative_strength_index(numbers(5, 5, 5, 5), length=3)[-1] == 50


@given(VALUES, st.integers(2, 30))
def test_strength_stays_between_0_and_100(values: Sequence[Decimal], length: int) -> None:
    for value in relative_strength_index(values, length=length):
        assert value is None or 0 <= value <= 100


@given(VALUES)
def test_convergence_has_a_value_for_each_price(values: Sequence[Decimal]) -> None:
    found = moving_average_convergence(values)
    assert len(found.macd) == len(found.signal) == len(found.histogram) == len(values)
    assert [value is None for value in found.macd] == [place < 25 for place in range(len(values))]
    assert [value is None for value in found.signal] == [place < 33 for place in range(len(values))]
