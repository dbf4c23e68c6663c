"""Daily closes of many instruments over many years, as arrays of integers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
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

# All days of an instrument in one value, because a message for each costs more than its numbers.
# They are counted from the first of the year 1 on, as Python does.
CLOSE_NUMBERS: Final = f"""
COPY (
    SELECT id::int4, string_agg(
        int4send(on_date - '0001-01-01'::date + 1) || int8send(
            CASE WHEN close <= {LARGEST} THEN (close * {ONE})::int8 ELSE {TOO_LARGE} END),
        ''::bytea ORDER BY on_date)
    FROM ({CLOSES}) AS found (id, on_date, close, opened_at, is_as_traded) GROUP BY id
) TO STDOUT (FORMAT BINARY)
"""
DAY: Final = np.dtype([("day", ">i4"), ("close", ">i8")])
# The number of a row's values, and each value after its length: the id, and then all days.
ROW_HEAD: Final = Struct(">hiii")
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
    ids = array_literal([str(one) for one in instrument_ids])
    span = {"ids": ids, "start": start, "end": end}
    found: dict[int, CloseArray] = {}
    for key, data in packed_days(copy_out(CLOSE_NUMBERS, span)):
        days = np.frombuffer(data, DAY)
        found[key] = CloseArray(days["day"].astype(np.int64), days["close"].astype(np.int64))
    large = [key for key, one in found.items() if TOO_LARGE in one.numbers]
    if large:
        exact = daily_closes(large, start=start, end=end)
        found |= {key: CloseArray.of(closes) for key, closes in exact.items()}
    return found


def packed_days(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Rows of ``CLOSE_NUMBERS``: an instrument's id, and its days as ``DAY`` has them."""
    place = HEADER_BYTES
    while place < len(data) - TRAILER_BYTES:
        _, _, key, length = ROW_HEAD.unpack_from(data, place)
        place += ROW_HEAD.size
        yield key, data[place : place + length]
        place += length
