"""Daily closes of many instruments over many years, as arrays of integers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from accounts.copying import copy_out
from market.series.closes import CLOSES, daily_closes

CLOSE_PLACES: Final = 8  # as they are stored
ONE: Final = 10**CLOSE_PLACES
# In 64 bits a close goes up to 92 billion.
TOO_LARGE: Final = -1
LARGEST: Final = 9 * 10**10

# Days are counted from the first of the year 1 on, as Python does.
CLOSE_NUMBERS: Final = f"""
COPY (
    SELECT id::int4, (on_date - '0001-01-01'::date + 1)::int4,
        CASE WHEN close <= {LARGEST} THEN (close * {ONE})::int8 ELSE {TOO_LARGE} END
    FROM ({CLOSES}) AS found (id, on_date, close, opened_at, is_as_traded)
) TO STDOUT (FORMAT BINARY)
"""
# Each value after its length, each row after the number of its values.
ROW: Final = np.dtype(
    [
        *(("count", ">i2"), ("id_length", ">i4"), ("id", ">i4"), ("day_length", ">i4")),
        *(("day", ">i4"), ("close_length", ">i4"), ("close", ">i8")),
    ]
)
HEADER_BYTES: Final = 19
TRAILER_BYTES: Final = 2


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
    span = {"ids": list(instrument_ids), "start": start, "end": end}
    data = copy_out(CLOSE_NUMBERS, span)
    count = (len(data) - HEADER_BYTES - TRAILER_BYTES) // ROW.itemsize
    rows = np.frombuffer(data, ROW, count=count, offset=HEADER_BYTES)
    ids, lows, lengths = np.unique(rows["id"], return_index=True, return_counts=True)
    found: dict[int, CloseArray] = {}
    for key, low, length in zip(ids.tolist(), lows.tolist(), lengths.tolist(), strict=True):
        part = rows[low : low + length]
        found[key] = CloseArray(part["day"].astype(np.int64), part["close"].astype(np.int64))
    large = [key for key, one in found.items() if TOO_LARGE in one.numbers]
    if large:
        exact = daily_closes(large, start=start, end=end)
        found |= {key: CloseArray.of(closes) for key, closes in exact.items()}
    return found
