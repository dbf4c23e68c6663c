"""Spans of time that a chart may show. Pure: the last day is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class ChartRange:
    """A span that ends today; ``words`` name it beside a change."""

    key: str
    label: str
    words: str
    names_days: bool = False  # short enough that a chart names days below it, not months

    @property
    def query(self) -> str:
        """What names it in an address."""
        return f"range={self.key}"


RANGES: Final = (
    ChartRange("1d", "1D", "since yesterday’s close", names_days=True),
    ChartRange("1w", "1W", "in 1 week", names_days=True),
    ChartRange("1m", "1M", "in 1 month", names_days=True),
    ChartRange("ytd", "YTD", "this year"),
    ChartRange("1y", "1Y", "in 1 year"),
    ChartRange("5y", "5Y", "in 5 years"),
    ChartRange("max", "Max", "since the start"),
)
# What can be told of days that have ended.
RANGES_OF_DAYS: Final = tuple(choice for choice in RANGES if choice.key != "1d")
DEFAULT_RANGE: Final = next(choice for choice in RANGES if choice.key == "1y")


def find_range(key: str | None, *, among: Sequence[ChartRange] = RANGES) -> ChartRange:
    """The range of that key; one year where there is none."""
    return next((choice for choice in among if choice.key == key), DEFAULT_RANGE)


def start_date(choice: ChartRange, *, end: date) -> date:
    """The first day of the range that ends on ``end``."""
    match choice.key:
        case "1d":
            return end - timedelta(days=1)
        case "1w":
            return end - timedelta(days=7)
        case "1m":
            return _months_before(end, 1)
        case "ytd":
            return date(end.year - 1, 12, 31)
        case "1y":
            return _months_before(end, 12)
        case "5y":
            return _months_before(end, 60)
        case _:
            return date.min


def first_day(choice: ChartRange, *, end: date) -> date | None:
    """The first day whose return counts; None for as far back as there is anything."""
    return None if choice.key == "max" else start_date(choice, end=end) + timedelta(days=1)


def _months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or that month's last where it is shorter."""
    index = day.year * 12 + day.month - 1 - months
    for day_of_month in range(day.day, day.day - 4, -1):
        try:
            return date(index // 12, index % 12 + 1, day_of_month)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
