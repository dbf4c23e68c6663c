"""What positions and their portfolio were worth, worked out for all days at once. Pure.

The same numbers as ``walk`` and ``valuing`` find day by day, to the last place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from portfolio.bookkeeping.amounts import EXACT, ZERO
from portfolio.position_days.day_table import DayTable
from portfolio.position_days.exact_integers import (
    MOST,
    PLACES,
    Flags,
    Numbers,
    Scaled,
    summed,
    worth,
)
from portfolio.valuations.valuing import DayChange, DayFlow, DayValue

NOTHING_CROSSED: Final = DayFlow()


@dataclass(frozen=True, slots=True)
class Worths:
    """Something held on each day of a table: how much, and its worth at ten places.

    ``lacking`` are days on which it was held and had no price, or its currency no rate.
    """

    held: Scaled
    numbers: Numbers
    lacking: Flags

    @classmethod
    def of(cls, held: Scaled, price: Scaled, rate: Scaled) -> Worths:
        lacking = (held.numbers != 0) & ~(price.known & rate.known)
        return cls(held, worth(held, price, rate), lacking)


@dataclass(frozen=True, slots=True)
class Steps:
    """What something came to whenever it changed.

    ``days`` are ordinals, ascending; ``totals`` are one more, the first of which is 0.
    """

    days: NDArray[np.int64]
    totals: Numbers
    places: int

    @classmethod
    def of(cls, changes: Mapping[date, Decimal]) -> Self:
        days = sorted(changes)
        found = Scaled.of([ZERO, *(changes[day] for day in days)])
        bound = sum(abs(number) for number in found.numbers.tolist())
        numbers = found.numbers.astype(object) if bound >= MOST else found.numbers
        ordinals = np.array([day.toordinal() for day in days], dtype=np.int64)
        return cls(ordinals, np.cumsum(numbers), found.places)

    def over(self, table: DayTable) -> Scaled:
        """What it has come to by the end of each day of a table."""
        first, count = table.start.toordinal(), len(table)
        places = np.searchsorted(self.days, np.arange(first, first + count), side="right")
        return Scaled(self.totals[places], self.places, np.ones(count, np.bool_))


def unit_steps(changes: Mapping[date, DayChange]) -> dict[int, Steps]:
    """Units of every instrument that was ever held, in the order of their ids."""
    units: defaultdict[int, dict[date, Decimal]] = defaultdict(dict)
    for day, change in changes.items():
        for instrument_id, quantity in change.units.items():
            units[instrument_id][day] = quantity
    return {key: Steps.of(units[key]) for key in sorted(units)}


def position_worths(table: DayTable, units: Mapping[int, Steps]) -> dict[int, Worths]:
    """In the order of the units."""
    return {
        key: Worths.of(
            steps.over(table), table.prices[key], table.rate_of(table.priced[key].currency)
        )
        for key, steps in units.items()
    }


def cash_worths(table: DayTable, changes: Mapping[date, DayChange]) -> dict[str, Worths]:
    cash: defaultdict[str, dict[date, Decimal]] = defaultdict(dict)
    for day, change in changes.items():
        for currency, amount in change.cash.items():
            cash[currency][day] = amount
    ones = Scaled.ones(len(table))
    return {
        code: Worths.of(Steps.of(steps).over(table), ones, table.rate_of(code))
        for code, steps in cash.items()
    }


def together(worths: Mapping[int, Worths] | Mapping[str, Worths], count: int) -> Worths:
    """Their sum; lacking where one of them is."""
    lacking = np.zeros(count, np.bool_)
    for one in worths.values():
        lacking |= one.lacking
    numbers = summed([one.numbers for one in worths.values()], count)
    return Worths(Scaled.ones(count), numbers, lacking)


def value_table(
    table: DayTable,
    changes: Mapping[date, DayChange],
    positions: Mapping[int, Worths],
    *,
    start: date,
) -> Iterator[DayValue]:
    """The portfolio's days from ``start`` on, a day of the table, to its end; as ``value_days``."""
    money = cash_worths(table, changes)
    worths, cash = decimals(together(positions, len(table))), decimals(together(money, len(table)))
    cost = sum((change.cost for day, change in changes.items() if day < start), ZERO)
    market = table.market()
    for index in range(table.place(start), len(table)):
        day = table.start + timedelta(days=index)
        change, gap = changes.get(day), ""
        market.day = day
        if change is not None:
            cost += change.cost
        if worths[index] is None or cash[index] is None:
            held = {key: ZERO for key, one in positions.items() if one.held.numbers[index]}
            gap = market.gap_of(
                held, {key: ZERO for key, one in money.items() if one.held.numbers[index]}
            )
        yield DayValue(
            date=day,
            cash=cash[index],
            market_value=worths[index],
            cost=cost,
            flow=NOTHING_CROSSED if change is None else market.flow_of(change),
            gap=gap,
        )


def decimals(worths: Worths) -> list[Decimal | None]:
    found: list[Decimal | None] = [
        Decimal(number).scaleb(-PLACES, context=EXACT) for number in worths.numbers.tolist()
    ]
    for index in np.flatnonzero(worths.lacking).tolist():
        found[index] = None
    return found
