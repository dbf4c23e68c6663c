"""What positions were on each of their days, as columns of integers. Pure.

The same numbers as ``walk`` finds day by day, to the last place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from portfolio.bookkeeping.amounts import EXACT, ZERO
from portfolio.position_days.copied_rows import RATE_PLACES, Fields, Layout, numbers_as_fields
from portfolio.position_days.day_table import DayTable
from portfolio.position_days.exact_integers import (
    Column,
    Flags,
    Numbers,
    Scaled,
    as_integer,
    integers,
    patched,
    ten_places,
)
from portfolio.position_days.instrument_days import InstrumentDay, InstrumentDays
from portfolio.position_days.vectors import Worths
from portfolio.position_days.walk import NOTHING

ONE_RATE: Final = 10**RATE_PLACES


@dataclass(frozen=True, slots=True)
class Rates:
    """What one of a currency is in the portfolio's on each day of a table, ready to be stored."""

    fields: Fields
    known: Flags
    is_own: bool  # always 1

    @classmethod
    def of(cls, table: DayTable, currency: str) -> Self:
        if currency == table.currency:
            one = numbers_as_fields(np.array([ONE_RATE], dtype=object), places=RATE_PLACES)
            return cls(np.repeat(one, len(table)), np.ones(len(table), np.bool_), is_own=True)
        series = table.rate_of(currency)
        rates = (series.at(index) or ZERO for index in range(len(series)))
        numbers = [
            int(Decimal(f"{one:.{RATE_PLACES}f}").scaleb(RATE_PLACES, EXACT)) for one in rates
        ]
        fields = numbers_as_fields(np.array(numbers, dtype=object), places=RATE_PLACES)
        return cls(fields, series.known, is_own=False)


@dataclass(frozen=True, slots=True)
class PositionColumns:
    """One position on the days on which it was held or something happened to it.

    ``places`` are those days within the table, ascending; each column has one item for each.
    ``flows`` are by item. The currency effect is None where there can be none.
    """

    instrument_id: int
    places: NDArray[np.int64]
    units: Numbers
    cost: Numbers
    price: Column
    value: Column
    rates: Rates | None
    effect: Column | None
    flows: Mapping[int, InstrumentDay]

    def layouts(self) -> NDArray[np.int64]:
        """Of each item the ``Layout`` of its row."""
        count = len(self.places)
        has_rate = (
            np.zeros(count, np.bool_) if self.rates is None else self.rates.known[self.places]
        )
        found = np.zeros(count, np.int64)
        found += Layout.NO_PRICE * ~self.price.known + Layout.NO_RATE * ~has_rate
        found += Layout.NO_VALUE * ~self.value.known
        if self.effect is not None:
            found += np.where(self.effect.known, Layout.EFFECT, Layout.NO_EFFECT)
        found[list(self.flows)] += Layout.FLOWS
        unknown = [index for index, one in self.flows.items() if one.inflow is None]
        found[unknown] += Layout.UNKNOWN_FLOWS
        return found


class ColumnMaker:
    """Makes the columns of one portfolio's positions over one table.

    ``effects`` are what rates have done to costs, see ``currency_effects``.
    """

    def __init__(self, table: DayTable, effects: Mapping[int, Column]) -> None:
        self._table = table
        self._effects = effects
        self._rates: dict[str, Rates] = {}

    def positions(
        self, worths: Mapping[int, Worths], changes: Mapping[int, InstrumentDays]
    ) -> Iterator[PositionColumns]:
        """Of each instrument to which something happened, by id."""
        for key in sorted(changes):
            yield self._position(key, worths.get(key), changes[key])

    def _position(self, key: int, worths: Worths | None, moved: InstrumentDays) -> PositionColumns:
        table, known = self._table, self._table.priced.get(key)
        places, units, cost, flows = self._held(moved)
        count = len(table)
        # What is not there brought income and was never held.
        value = Column.nothing(count) if worths is None else worths.column
        price = table.prices.get(key)
        stored = Column.unknown(count) if price is None else Column(at_ten(price), price.known)
        effect = self._effects.get(key)
        return PositionColumns(
            instrument_id=key,
            places=places,
            units=units,
            cost=cost,
            price=stored.at(places),
            value=value.at(places),
            rates=None if known is None else self._rates_of(known.currency),
            effect=None if effect is None else effect.at(places),
            flows=flows,
        )

    def _held(
        self, moved: InstrumentDays
    ) -> tuple[NDArray[np.int64], Numbers, Numbers, Mapping[int, InstrumentDay]]:
        """The days that count, with units and cost on each, and what crossed, by item."""
        table, quantity, cost = self._table, ZERO, ZERO
        events: list[tuple[int, InstrumentDay]] = []
        for day, one in sorted(moved.days.items()):
            if day < table.start:
                quantity, cost = quantity + one.units, cost + one.cost
            elif day <= table.end and one != NOTHING:
                events.append((table.place(day), one))
        totals = [(quantity, cost)]
        for _, one in events:
            quantity, cost = quantity + one.units, cost + one.cost
            totals.append((quantity, cost))
        lengths = np.diff([0, *(place for place, _ in events), len(table)])
        units = np.repeat(integers([as_integer(one) for one, _ in totals]), lengths)
        costs = np.repeat(integers([as_integer(one) for _, one in totals]), lengths)
        counts = units != 0
        counts[[place for place, _ in events]] = True
        places = np.flatnonzero(counts)
        index_of = np.cumsum(counts) - 1
        flows = {int(index_of[place]): one for place, one in events if has_flow(one)}
        return places, units[places], costs[places], flows

    def _rates_of(self, currency: str) -> Rates:
        if currency not in self._rates:
            self._rates[currency] = Rates.of(self._table, currency)
        return self._rates[currency]


def at_ten(price: Scaled) -> Numbers:
    """Prices at ten places."""
    found = ten_places(price.numbers, np.ones(len(price), np.int64), places=price.places)
    for index, value in price.odd.items():
        found = patched(found, index, [value])
    return found


def has_flow(one: InstrumentDay) -> bool:
    return bool(
        one.inflow is None
        or one.inflow
        or one.outflow
        or one.income
        or one.charges
        or one.trade_charges
    )
