"""The days of a position by months: what tells one from another, and its rows for COPY. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from hashlib import blake2b
from itertools import pairwise
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from portfolio.position_days.columns import PositionColumns
from portfolio.position_days.copied_rows import (
    EPOCH,
    NULL,
    Layout,
    blank_rows,
    numbers_as_fields,
    put_flows,
)
from portfolio.position_days.day_table import DayTable
from portfolio.position_days.exact_integers import Numbers, integers
from portfolio.position_days.walk import flow_text

DIGEST_BYTES: Final = 16


class Month(NamedTuple):
    """Of one instrument; ``first`` is the month's first day."""

    instrument_id: int
    first: date


class MonthDays(NamedTuple):
    """The items of a position's columns, ``low`` to before ``high``, that are of one month.

    The same digest means the same rows.
    """

    month: Month
    digest: bytes
    low: int
    high: int


class MonthDivider:
    """Divides positions over one table by calendar months."""

    def __init__(self, table: DayTable) -> None:
        days = list(table.days)
        starts = [index for index, day in enumerate(days) if not index or day.day == 1]
        self._firsts = [days[index].replace(day=1) for index in starts]
        self._starts = [*starts, len(days)]
        self._first_ordinal = table.start.toordinal()

    def months(self, position: PositionColumns) -> Iterator[MonthDays]:
        """Ascending; a month without anything is left out."""
        told = self._told(position)
        lows: list[int] = np.searchsorted(position.places, self._starts).tolist()
        crossed = sorted(position.flows)
        crossings: list[int] = np.searchsorted(crossed, lows).tolist()
        spans = zip(self._firsts, pairwise(lows), pairwise(crossings), strict=True)
        for first, (low, high), (begin, end) in spans:
            if low == high:
                continue
            digest = blake2b(told(low, high), digest_size=DIGEST_BYTES)
            if position.rates is not None and not position.rates.is_own:
                digest.update(position.rates.fields[position.places[low:high]].tobytes())
            for index in crossed[begin:end]:
                digest.update(flow_text(position.flows[index]).encode())
            yield MonthDays(Month(position.instrument_id, first), digest.digest(), low, high)

    def _told(self, position: PositionColumns) -> Callable[[int, int], bytes | memoryview]:
        """All that decides what the rows are, but rates and flows, of the items of a span."""
        effect = position.effect
        columns = (
            position.places + self._first_ordinal,
            position.units,
            position.cost,
            position.price.numbers,
            position.value.numbers,
            np.zeros_like(position.places) if effect is None else effect.numbers,
            position.layouts(),
        )
        table = np.column_stack(columns)
        if table.dtype.kind == "O":
            return lambda low, high: plain_bytes(table[low:high].reshape(-1))
        data, width = memoryview(table.tobytes()), table.itemsize * len(columns)
        return lambda low, high: data[low * width : high * width]


def plain_bytes(numbers: Numbers) -> bytes:
    """Of Python's integers; the same for the same numbers as an array of 64 bits has."""
    shorter = integers(numbers.tolist())
    if shorter.dtype.kind == "O":
        return " ".join(map(str, numbers.tolist())).encode()
    return shorter.tobytes()


class PositionRows:
    """The rows of one position, written layout by layout and given out in the order of days."""

    def __init__(self, portfolio_id: UUID, table: DayTable, position: PositionColumns) -> None:
        self._portfolio_id = portfolio_id
        self._epoch_place = (EPOCH - table.start).days
        self._position = position
        self._layouts = position.layouts()
        self._rank = np.zeros(len(self._layouts), np.int64)
        self._rows: dict[int, NDArray[np.void]] = {}
        for layout in np.unique(self._layouts).tolist():
            chosen = np.flatnonzero(self._layouts == layout)
            self._rank[chosen] = np.arange(len(chosen))
            self._rows[layout] = self._written(Layout(layout), chosen)
        self._turns: list[int] = (np.flatnonzero(np.diff(self._layouts)) + 1).tolist()

    def part(self, low: int, high: int) -> bytes:
        """Of the items from ``low`` to before ``high``."""
        if low == high:
            return b""
        turns = self._turns[bisect_left(self._turns, low + 1) : bisect_left(self._turns, high)]
        return b"".join(self._run(*span) for span in pairwise([low, *turns, high]))

    def _run(self, low: int, high: int) -> bytes:
        """Of items of one layout."""
        start = int(self._rank[low])
        return self._rows[int(self._layouts[low])][start : start + high - low].tobytes()

    def _written(self, layout: Layout, chosen: NDArray[np.int64]) -> NDArray[np.void]:
        position = self._position
        places = position.places[chosen]
        rows = blank_rows(
            layout,
            len(chosen),
            portfolio_id=self._portfolio_id,
            instrument_id=position.instrument_id,
        )
        rows["date"]["day"] = places - self._epoch_place
        numbers: Sequence[tuple[str, Numbers]] = (
            ("quantity", position.units),
            ("cost", position.cost),
            ("price", position.price.numbers),
            ("market_value", position.value.numbers),
        )
        for name, column in numbers:
            if rows.dtype[name] != NULL:
                rows[name] = numbers_as_fields(column[chosen])
        if position.rates is not None and rows.dtype["rate"] != NULL:
            rows["rate"] = position.rates.fields[places]
        if position.effect is not None and Layout.EFFECT in layout:
            rows["currency_effect"] = numbers_as_fields(position.effect.numbers[chosen])
        if Layout.FLOWS in layout:
            put_flows(rows, [position.flows[index] for index in chosen.tolist()])
        return rows
