"""Drawings and ranges of the worth chart."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.templatetags.formats import plain
from portfolio.charts import POINTS_MAXIMUM, ValuePoint, area_chart, nice_scale, thinned
from portfolio.valuations.ranges import (
    DEFAULT_RANGE,
    RANGES,
    RANGES_OF_DAYS,
    find_range,
    start_date,
)

amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=2)


def days_worth(*values: str) -> list[ValuePoint]:
    start = date(2024, 1, 1)
    return [
        ValuePoint(start + timedelta(days=index), Decimal(value))
        for index, value in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        pytest.param("100000", "123456", "100000 + 5 x 5000", id="as tight as it goes"),
        pytest.param("109500", "140500", "100000 + 5 x 10000", id="across both ends"),
        pytest.param("99.5", "100.5", "99.5 + 4 x 0.25", id="below one"),
        pytest.param("-5", "7", "-5 + 5 x 2.5", id="across zero"),
        pytest.param("5", "5", "4.5 + 4 x 0.25", id="all the same"),
    ],
)
def test_a_scale_is_round(low: str, high: str, expected: str) -> None:
    scale = nice_scale(Decimal(low), Decimal(high))
    shown = f"{plain(scale.bottom)} + {scale.steps} x {plain(scale.step)}"
    assert shown == expected


@given(amounts, amounts)
def test_a_scale_holds_its_values(first: Decimal, second: Decimal) -> None:
    low, high = min(first, second), max(first, second)
    scale = nice_scale(low, high)
    assert scale.step > 0
    assert scale.bottom <= low
    assert scale.bottom + scale.steps * scale.step >= high


@given(st.lists(amounts, min_size=2, max_size=600))
def test_a_chart_stays_in_its_frame(values: list[Decimal]) -> None:
    chart = area_chart(days_worth(*map(str, values)))
    assert chart is not None
    assert 2 <= len(chart.points) <= POINTS_MAXIMUM
    for pair in chart.line_path.removeprefix("M").split("L"):
        x, y = map(float, pair.split())
        assert 0 <= x <= 1000
        assert 0 <= y <= 300


def test_thinning_keeps_both_ends() -> None:
    points = days_worth(*map(str, range(1_000)))
    kept = thinned(points)
    assert len(kept) == POINTS_MAXIMUM
    assert (kept[0], kept[-1]) == (points[0], points[-1])


def test_one_day_is_no_chart() -> None:
    assert area_chart(days_worth("100")) is None


@pytest.mark.parametrize(
    ("key", "end", "start"),
    [
        ("1d", date(2024, 3, 1), date(2024, 2, 29)),
        ("1w", date(2024, 3, 1), date(2024, 2, 23)),
        ("1m", date(2024, 3, 31), date(2024, 2, 29)),
        ("1m", date(2024, 1, 15), date(2023, 12, 15)),
        ("ytd", date(2024, 3, 31), date(2023, 12, 31)),
        ("1y", date(2024, 2, 29), date(2023, 2, 28)),
        ("5y", date(2024, 6, 1), date(2019, 6, 1)),
        ("max", date(2024, 6, 1), date.min),
    ],
)
def test_a_range_starts_where_people_expect(key: str, end: date, start: date) -> None:
    assert start_date(find_range(key), end=end) == start


def test_an_unknown_range_is_the_usual_one() -> None:
    assert find_range("../../etc") is DEFAULT_RANGE
    assert find_range(None) is DEFAULT_RANGE
    assert find_range("1d", among=RANGES_OF_DAYS) is DEFAULT_RANGE
    assert len({choice.key for choice in RANGES}) == len(RANGES)
