"""The days of a position by months: what tells one from another, and its rows for COPY. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple
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
from portfolio.position_days.exact_integers import Numbers
from portfolio.position_days.month_digests import all_together, day_digests, of_spans


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


class MonthRows(NamedTuple):
    """A month on its way into the database."""

    month: Month
    digest: bytes
    days: int
    rows: bytes  # as COPY takes them


class PositionMonths:
    """The days of a position by calendar months."""

    def __init__(
        self,
        position: PositionColumns,
        *,
        table_start: date,
        firsts: Sequence[date],
        starts: list[int],
    ) -> None:
        self._position = position
        self._firsts = firsts
        self._starts = starts
        self._digests = day_digests(position, first_ordinal=table_start.toordinal())

    @property
    def digest(self) -> bytes:
        """Of all months together."""
        return all_together(self._digests)

    def __iter__(self) -> Iterator[MonthDays]:
        """Ascending; a month without anything is left out."""
        places = np.searchsorted(self._position.places, self._starts).tolist()
        spans = zip(self._firsts, pairwise(places), strict=True)
        held = [(first, low, high) for first, (low, high) in spans if low < high]
        digests = of_spans(self._digests, [low for _, low, _ in held])
        for (first, low, high), digest in zip(held, digests, strict=True):
            yield MonthDays(Month(self._position.instrument_id, first), digest, low, high)


class MonthDivider:
    """Divides positions over one table by calendar months."""

    def __init__(self, table: DayTable) -> None:
        days = list(table.days)
        starts = [index for index, day in enumerate(days) if not index or day.day == 1]
        self._firsts = [days[index].replace(day=1) for index in starts]
        self._starts = [*starts, len(days)]
        self._table_start = table.start

    def months(self, position: PositionColumns) -> PositionMonths:
        return PositionMonths(
            position, table_start=self._table_start, firsts=self._firsts, starts=self._starts
        )


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
