"""Daily closes of many instruments over many years, as arrays of integers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from struct import Struct
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from accounts.array_literals import array_literal
from accounts.copying import copy_out
from market.series.closes import CLOSES, daily_closes

CLOSE_PLACES: Final = 8  # as they are stored
ONE: Final = 10**CLOSE_PLACES
# In 64 bits a close goes up to 92 billion.
TOO_LARGE: Final = -1
LARGEST: Final = 9 * 10**10

# All of them in one row, because a message for each costs more than its numbers: which instruments
# with how many days each, and the days of all one after another. Days are counted from the first of
# the year 1 on, as Python does.
CLOSE_NUMBERS: Final = f"""
COPY (
    SELECT string_agg(int4send(id::int4) || int4send(count::int4), ''::bytea ORDER BY id),
        string_agg(days, ''::bytea ORDER BY id)
    FROM (
        SELECT id, count(*), string_agg(
            int4send(on_date - '0001-01-01'::date + 1) || int8send(
                CASE WHEN close <= {LARGEST} THEN (close * {ONE})::int8 ELSE {TOO_LARGE} END),
            ''::bytea ORDER BY on_date) AS days
        FROM ({CLOSES}) AS found (id, on_date, close, opened_at, is_as_traded) GROUP BY id
    ) AS by_instrument
) TO STDOUT (FORMAT BINARY)
"""
SERIES: Final = np.dtype([("id", ">i4"), ("count", ">i4")])
DAY: Final = np.dtype([("day", ">i4"), ("close", ">i8")])
# How many values a row has comes before them, and before each its length.
VALUES: Final = Struct(">h")
LENGTH: Final = Struct(">i")
HEADER_BYTES: Final = 19


@dataclass(frozen=True, slots=True)
class CloseArray:
    """Ascending: ``days`` are ordinals of exchange-local dates.

    ``numbers`` are closes at eight places, of Python's integers where 64 bits do not hold one.
    """

    days: NDArray[np.int64]
    numbers: NDArray[np.int64] | NDArray[np.object_]

    @classmethod
    def of(cls, closes: Collection[tuple[date, Decimal]]) -> Self:
        days = [day.toordinal() for day, _ in closes]
        numbers = [int(close.scaleb(CLOSE_PLACES)) for _, close in closes]
        return cls(np.array(days, dtype=np.int64), np.array(numbers, dtype=object))

    def decimals(self) -> list[tuple[date, Decimal]]:
        """As ``daily_closes`` gives them."""
        pairs = zip(self.days.tolist(), self.numbers.tolist(), strict=True)
        return [
            (date.fromordinal(day), Decimal(number).scaleb(-CLOSE_PLACES)) for day, number in pairs
        ]


def close_arrays(
    instrument_ids: Collection[int], *, start: date, end: date
) -> dict[int, CloseArray]:
    """What ``daily_closes`` finds, by instrument; one without a close is absent."""
    ids = array_literal([str(one) for one in instrument_ids])
    series, days = packed(copy_out(CLOSE_NUMBERS, {"ids": ids, "start": start, "end": end}))
    ordinals, numbers = days["day"].astype(np.int64), days["close"].astype(np.int64)
    ends = np.cumsum(series["count"])
    found: dict[int, CloseArray] = {}
    place = 0
    for key, past in zip(series["id"].tolist(), ends.tolist(), strict=True):
        found[key] = CloseArray(ordinals[place:past], numbers[place:past])
        place = past
    beyond = np.searchsorted(ends, np.flatnonzero(numbers == TOO_LARGE), side="right")
    if len(beyond):
        large = np.unique(series["id"][beyond]).tolist()
        exact = daily_closes(large, start=start, end=end)
        found |= {key: CloseArray.of(closes) for key, closes in exact.items()}
    return found


def packed(data: bytes) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """The row of ``CLOSE_NUMBERS``: its ``SERIES``, and the ``DAY`` of all of them in turn."""
    place = HEADER_BYTES + VALUES.size
    values: list[NDArray[np.void]] = []
    for kind in (SERIES, DAY):
        (length,) = LENGTH.unpack_from(data, place)
        place += LENGTH.size
        # Where there is no close at all, the values are missing, which is a length below zero.
        values.append(np.frombuffer(data, kind, max(0, length) // kind.itemsize, place))
        place += max(0, length)
    series, days = values
    return series, days
