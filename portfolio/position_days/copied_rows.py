"""Position-days as rows of PostgreSQL's binary COPY, for many days at once. Pure.

A number goes as digits of base 10,000. The server strips zeros in front and behind, so all numbers
are given the same digits, and rows of one layout have one length: an array writes them together.

Source: PostgreSQL's documentation of COPY, "Binary Format", and ``numeric_recv`` of its source.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import IntFlag
from functools import cache
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from portfolio.position_days.exact_integers import PLACES, Numbers, as_integer, integers
from portfolio.position_days.instrument_days import InstrumentDay
from portfolio.valuations.valuing import NO_PRICE, NO_RATE

Fields = NDArray[np.void]  # numbers as the server reads them

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"
EPOCH: Final = date(2000, 1, 1)  # of the server's dates
BASE: Final = 10_000
BASE_PLACES: Final = 4
WHOLE_DIGITS: Final = 5  # of base 10,000, before the point
RATE_PLACES: Final = 20
NEGATIVE: Final = 0x4000

FLOWS: Final = ("inflow", "outflow", "income", "charges", "trade_charges")

LENGTH: Final = ("length", ">i4")
NULL: Final = np.dtype([LENGTH])
# A number of no digits.
NOTHING: Final = np.dtype(
    [LENGTH, ("count", ">i2"), ("weight", ">i2"), ("sign", ">u2"), ("scale", ">i2")]
)


class Layout(IntFlag):
    """What is lacking in a row, or there beyond the usual."""

    NO_PRICE = 1
    NO_RATE = 2
    NO_VALUE = 4
    NO_EFFECT = 8  # is not known
    EFFECT = 16  # is known and may be something
    FLOWS = 32  # something crossed
    UNKNOWN_FLOWS = 64

    @property
    def gap(self) -> str:
        """A price before a rate."""
        if Layout.NO_VALUE not in self:
            return ""
        return NO_PRICE if Layout.NO_PRICE in self else NO_RATE


@cache
def number_type(places: int) -> np.dtype[np.void]:
    digits = WHOLE_DIGITS + -(-places // BASE_PLACES)
    fields: Any = NOTHING.descr
    return np.dtype([*fields, ("digits", ">i2", (digits,))])


MONEY: Final = number_type(PLACES)
RATE: Final = number_type(RATE_PLACES)


@cache
def row_type(layout: Layout) -> np.dtype[np.void]:
    """In the order of ``keeping.COLUMNS``."""
    crossed = NULL if Layout.UNKNOWN_FLOWS in layout else MONEY
    flows = [crossed] * 2 + [MONEY] * 3 if Layout.FLOWS in layout else [NOTHING] * 5
    effect = MONEY if Layout.EFFECT in layout else NOTHING
    fields: list[tuple[str, Any]] = [
        ("count", ">i2"),
        ("portfolio_id", np.dtype([LENGTH, ("key", "V16")])),
        ("instrument_id", np.dtype([LENGTH, ("key", ">i4")])),
        ("date", np.dtype([LENGTH, ("day", ">i4")])),
        ("quantity", MONEY),
        ("price", NULL if Layout.NO_PRICE in layout else MONEY),
        ("rate", NULL if Layout.NO_RATE in layout else RATE),
        ("market_value", NULL if Layout.NO_VALUE in layout else MONEY),
        ("cost", MONEY),
        *zip(FLOWS, flows, strict=True),
        ("currency_effect", NULL if Layout.NO_EFFECT in layout else effect),
        ("gap", np.dtype([LENGTH, ("text", f"S{len(layout.gap)}")] if layout.gap else [LENGTH])),
    ]
    return np.dtype(fields)


def numbers_as_fields(numbers: Numbers, *, places: int = PLACES) -> Fields:
    """Numbers of so many decimal places; beyond 64 bits they are Python's.

    Raises:
        OverflowError: one has more than twenty digits before its point; no column has as many.
    """
    found = np.zeros(len(numbers), number_type(places))
    digits = found["digits"]
    width = digits.shape[1]
    found["length"] = NOTHING.itemsize - 4 + 2 * width
    found["count"], found["weight"], found["scale"] = width, WHOLE_DIGITS - 1, places
    found["sign"] = np.where(numbers < 0, NEGATIVE, 0)
    whole, part = split(np.abs(numbers), 10**places)
    # The last digit of base 10,000 may have places that are not there.
    spare = 10 ** (-places % BASE_PLACES)
    part, last = split(part, BASE // spare)
    digits[:, -1] = last * spare
    for place in range(width - 2, WHOLE_DIGITS - 1, -1):
        part, digits[:, place] = split(part, BASE)
    place = WHOLE_DIGITS
    while whole.any():
        if not place:
            raise OverflowError("A number has more than twenty digits before its point.")
        place -= 1
        whole, digits[:, place] = split(whole, BASE)
    return found


def split(numbers: Numbers, divisor: int) -> tuple[Numbers, Numbers]:
    """Quotients and rests."""
    quotients = numbers // divisor
    return quotients, numbers - quotients * divisor


def blank_rows(
    layout: Layout, count: int, *, portfolio_id: UUID, instrument_id: int
) -> NDArray[np.void]:
    """Rows of a position in which nothing is said but whose they are."""
    row = np.zeros(1, row_type(layout))
    for name in row.dtype.names or ():
        if name == "count":
            row[name] = len(row.dtype.names or ()) - 1
            continue
        kind = row.dtype[name]
        row[name]["length"] = -1 if kind == NULL and name != "gap" else kind.itemsize - 4
        if kind == NOTHING:
            row[name]["scale"] = PLACES
    row["portfolio_id"]["key"] = np.frombuffer(portfolio_id.bytes, "V16")
    row["instrument_id"]["key"] = instrument_id
    if layout.gap:
        row["gap"]["text"] = layout.gap.encode()
    return np.repeat(row, count)


def put_flows(rows: NDArray[np.void], flows: Sequence[InstrumentDay]) -> None:
    """Write what crossed on the day of each row of a layout with flows."""
    for name in FLOWS:
        if rows.dtype[name] != NULL:
            amounts = [as_integer(getattr(one, name)) for one in flows]
            rows[name] = numbers_as_fields(integers(amounts))
