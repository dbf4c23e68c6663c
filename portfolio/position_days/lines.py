"""Position-days as the lines that COPY stores, from arrays. Pure.

The same text as ``walk.copied`` writes of each day of the plain walk.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np

from portfolio.bookkeeping.amounts import ZERO
from portfolio.position_days.day_table import DayTable
from portfolio.position_days.exact_integers import (
    PLACES,
    Scaled,
    as_integer,
    summed,
    ten_places,
    texts,
    times,
    worth,
)
from portfolio.position_days.instrument_days import InstrumentDays
from portfolio.position_days.vectors import Worths, running
from portfolio.position_days.walk import NO_MONEY, NOTHING, NULL, flow_text
from portfolio.valuations.valuing import NO_PRICE, NO_RATE

NO_FLOW: Final = flow_text(NOTHING)


class Month(NamedTuple):
    """Of one instrument; ``first`` is the month's first day."""

    instrument_id: int
    first: date


@dataclass(frozen=True, slots=True)
class Columns:
    """Of one position, a text for each day of a table."""

    price: Sequence[str]
    rate: Sequence[str]
    value: Sequence[str]
    effect: Sequence[str]
    gap: Sequence[str]


class LineWriter:
    """Writes the lines of one portfolio's positions over one table."""

    def __init__(self, portfolio_id: UUID, table: DayTable) -> None:
        self._portfolio_id = portfolio_id
        self._table = table
        days = list(table.days)
        self._days = [str(day) for day in days]
        firsts = [index for index, day in enumerate(days) if not index or day.day == 1]
        self._months = [
            (days[start].replace(day=1), start, end)
            for start, end in pairwise([*firsts, len(days)])
        ]
        self._rates: dict[str, list[str]] = {}

    def lines(
        self,
        worths: Mapping[int, Worths],
        changes: Mapping[int, InstrumentDays],
    ) -> Iterator[tuple[Month, list[str]]]:
        """By instrument, then month; a month without anything is left out."""
        for key in sorted(changes):
            held = worths.get(key) or self._nothing_held(key)
            columns = self._columns(key, held, changes[key])
            places, rows = self._rows(key, changes[key], columns)
            for first, start, end in self._months:
                low, high = bisect_left(places, start), bisect_left(places, end)
                if low < high:
                    yield Month(key, first), rows[low:high]

    def _nothing_held(self, key: int) -> Worths:
        """Of an instrument that brought income and was never held."""
        count = len(self._table)
        return Worths(running({}, self._table), np.zeros(count, np.int64), np.zeros(count, bool))

    def _columns(self, key: int, held: Worths, changes: InstrumentDays) -> Columns:
        count = len(self._table)
        price = self._table.prices.get(key)
        known = self._table.priced.get(key)
        values, gaps = texts(held.numbers), [""] * count
        for index in np.flatnonzero(held.lacking).tolist():
            values[index] = NULL
            has_price = price is not None and price.known[index]
            gaps[index] = NO_RATE if has_price else NO_PRICE
        return Columns(
            price=[NULL] * count if price is None else price_texts(price),
            rate=[NULL] * count if known is None else self._rate_texts(known.currency),
            value=values,
            effect=self._effects(known.currency, changes)
            if known is not None and self._table.market().is_foreign(key)
            else [NO_MONEY] * count,
            gap=gaps,
        )

    def _rate_texts(self, currency: str) -> list[str]:
        if currency not in self._rates:
            series = self._table.rate_of(currency)
            found = (series.at(index) for index in range(len(series)))
            self._rates[currency] = [NULL if one is None else f"{one:.20f}" for one in found]
        return self._rates[currency]

    def _effects(self, currency: str, changes: InstrumentDays) -> list[str]:
        """See ``walk.effect_of``."""
        table = self._table
        rate = table.rate_of(currency)
        local = running({day: one.local_cost for day, one in changes.days.items()}, table)
        cost = running({day: one.cost for day, one in changes.days.items()}, table)
        less = times(cost.numbers, -(10 ** (PLACES - cost.places)))
        converted = worth(local, Scaled.ones(len(table)), rate)
        effects = texts(np.where(rate.known, summed([converted, less], len(table)), 0))
        is_open = (local.numbers != 0) | (cost.numbers != 0)
        for index in np.flatnonzero(is_open & ~rate.known).tolist():
            effects[index] = NULL
        return effects

    def _rows(
        self, key: int, changes: InstrumentDays, columns: Columns
    ) -> tuple[list[int], list[str]]:
        """The lines with their places among the days, span by span between two events."""
        table, places, rows = self._table, list[int](), list[str]()
        quantity, cost = ZERO, ZERO
        for one in (one for day, one in changes.days.items() if day < table.start):
            quantity, cost = quantity + one.units, cost + one.cost
        events = [
            (table.place(day), one)
            for day, one in sorted(changes.days.items())
            if table.start <= day <= table.end and one != NOTHING
        ]
        spans = pairwise([0, *(place for place, _ in events), len(table)])
        for (start, end), one in zip(spans, [NOTHING, *(one for _, one in events)], strict=True):
            quantity, cost = quantity + one.units, cost + one.cost
            if not quantity:
                end = start if one is NOTHING else start + 1  # noqa: PLW2901 - nothing is held
            if start < end:
                places.extend(range(start, end))
                fixed = (f"{quantity:z.10f}", f"{cost:z.10f}", flow_text(one))
                rows.extend(self._span(key, fixed, columns, slice(start, end)))
        return places, rows

    def _span(
        self, key: int, fixed: tuple[str, str, str], columns: Columns, part: slice
    ) -> Iterator[str]:
        """Days on which nothing changed but prices; what flowed did on the first of them."""
        units, cost, flow = fixed
        head = f"{self._portfolio_id}\t{key}\t"
        for day, price, rate, value, effect, gap in zip(
            self._days[part],
            columns.price[part],
            columns.rate[part],
            columns.value[part],
            columns.effect[part],
            columns.gap[part],
            strict=True,
        ):
            tail = f"{value}\t{cost}\t{flow}\t{effect}\t{gap}"
            yield f"{head}{day}\t{units}\t{price}\t{rate}\t{tail}"
            flow = NO_FLOW


def price_texts(price: Scaled) -> list[str]:
    """Prices at ten places; none for days without one."""
    ones = np.ones(len(price), np.int64)
    found = texts(ten_places(price.numbers, ones, places=price.places))
    for index, value in price.odd.items():
        found[index] = texts(np.array([as_integer(value)], dtype=object))[0]
    for index in np.flatnonzero(~price.known).tolist():
        found[index] = NULL
    return found
