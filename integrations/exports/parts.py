"""How the days of an export are dealt out over files. Pure.

Folders are named as Hive does it, ``year=2026``, so that readers see them as a column.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Length(StrEnum):
    """How many days go into one file."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Part:
    """The days from ``start`` on and before ``end``; ``folder`` says which."""

    folder: str
    start: date
    end: date


def parts(start: date, end: date, length: Length) -> Iterator[Part]:
    """The days from ``start`` on and before ``end``, ascending; the first and last may be cut."""
    while start < end:
        after = min(next_start(start, length), end)
        yield Part(folder_of(start, length), start, after)
        start = after


def next_start(day: date, length: Length) -> date:
    """The first day after the span that holds ``day``."""
    if length is Length.DAY:
        return day + timedelta(days=1)
    if length is Length.YEAR:
        return date(day.year + 1, 1, 1)
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def folder_of(day: date, length: Length) -> str:
    if length is Length.DAY:
        return f"day={day.isoformat()}"
    return f"month={day:%Y-%m}" if length is Length.MONTH else f"year={day:%Y}"
