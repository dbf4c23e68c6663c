"""What positions were worth, and cash, worked out for all days at once. Pure.

The same numbers as ``walk`` and ``valuing`` find day by day, to the last place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from portfolio.bookkeeping.amounts import ZERO
from portfolio.position_days.day_table import DayTable
from portfolio.position_days.exact_integers import (
    MOST,
    PLACES,
    Column,
    Flags,
    Numbers,
    Scaled,
    largest,
    summed,
    worth,
)
from portfolio.position_days.stretches import stretches
from portfolio.valuations.valuing import DayChange

# 16 MB an array. Smaller ones were given back to the system after each use, and to get their memory
# again took longer than to fill it.
NUMBERS_AT_ONCE: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Worths:
    """What something was worth on each day of a table, at ten places, and whether it was held.

    ``lacking`` are days on which it was held and had no price, or its currency no rate. None of
    the numbers is beyond ``most``.
    """

    numbers: Numbers
    held: Flags
    lacking: Flags
    most: int

    @classmethod
    def of(cls, units: Scaled, price: Scaled, rate: Scaled) -> Self:
        held, numbers = units.numbers != 0, worth(units, price, rate)
        return cls(numbers, held, held & ~(price.known & rate.known), largest(numbers))

    @property
    def column(self) -> Column:
        return Column(self.numbers, ~self.lacking)


@dataclass(frozen=True, slots=True)
class Steps:
    """What something came to whenever it changed.

    ``days`` are ordinals, ascending; ``totals`` are one more, the first of which is 0. None is
    beyond ``most``.
    """

    days: NDArray[np.int64]
    totals: Numbers
    places: int
    most: int

    @classmethod
    def of(cls, changes: Mapping[date, Decimal]) -> Self:
        days = sorted(changes)
        found = Scaled.of([ZERO, *(changes[day] for day in days)])
        most = sum(abs(number) for number in found.numbers.tolist())
        numbers = found.numbers.astype(object) if most >= MOST else found.numbers
        ordinals = np.array([day.toordinal() for day in days], dtype=np.int64)
        return cls(ordinals, np.cumsum(numbers), found.places, most)

    def over(self, table: DayTable) -> Scaled:
        """What it has come to by the end of each day of a table."""
        (held,) = held_over(table, [self], [1])
        return Scaled(held, self.places, np.ones(len(table), np.bool_))


def held_over(table: DayTable, steps: Sequence[Steps], factors: Sequence[int]) -> Numbers:
    """A row of totals for each, a column for each day of a table; ``steps`` is not empty.

    Args:
        factors: by which the totals of each are multiplied; they must not go beyond 64 bits.
    """
    first, count = table.start.toordinal(), len(table)
    lengths = stretches([one.days for one in steps], first=first, count=count)
    totals = [one.totals * factor for one, factor in zip(steps, factors, strict=True)]
    return np.repeat(np.concatenate(totals), lengths).reshape(len(steps), count)


def unit_steps(changes: Mapping[date, DayChange]) -> dict[int, Steps]:
    """Units of every instrument that was ever held, in the order of their ids."""
    units: defaultdict[int, dict[date, Decimal]] = defaultdict(dict)
    for day, change in changes.items():
        for instrument_id, quantity in change.units.items():
            units[instrument_id][day] = quantity
    return {key: Steps.of(units[key]) for key in sorted(units)}


def position_worths(table: DayTable, units: Mapping[int, Steps]) -> dict[int, Worths]:
    """In the order of the units; those that need no more than 64 bits are worked out together."""
    plain = [key for key, steps in units.items() if is_plain(table, key, steps)]
    at_once = max(1, NUMBERS_AT_ONCE // len(table))
    found: dict[int, Worths] = {}
    for place in range(0, len(plain), at_once):
        some = plain[place : place + at_once]
        found |= plain_worths(table, {key: units[key] for key in some})
    return {
        key: found[key]
        if key in found
        else Worths.of(
            steps.over(table), table.prices[key], table.rate_of(table.priced[key].currency)
        )
        for key, steps in units.items()
    }


def is_plain(table: DayTable, key: int, steps: Steps) -> bool:
    """Whether no rate counts, nothing is rounded, and 64 bits hold units and prices."""
    price = table.prices[key]
    if "O" in {steps.totals.dtype.kind, price.numbers.dtype.kind} or price.odd:
        return False
    is_own = table.priced[key].currency == table.currency
    return is_own and steps.places + price.places <= PLACES


def plain_worths(table: DayTable, units: Mapping[int, Steps]) -> dict[int, Worths]:
    """``Worths.of`` of each that is plain, but of those whose products need more than 64 bits."""
    prices = [table.prices[key] for key in units]
    factors = [
        10 ** (PLACES - steps.places - price.places)
        for steps, price in zip(units.values(), prices, strict=True)
    ]
    bounds = zip(units.values(), prices, factors, strict=True)
    most = [steps.most * factor * max(price.most, 1) for steps, price, factor in bounds]
    if max(most) >= MOST:
        fitting = {key: units[key] for key, one in zip(units, most, strict=True) if one < MOST}
        return plain_worths(table, fitting) if fitting else {}
    # The small factors go into the few totals, so that what is held becomes its worth in place.
    numbers = held_over(table, list(units.values()), factors)
    held = numbers != 0
    for row, price in enumerate(prices):
        numbers[row] *= price.numbers
    lacking = held & ~np.stack([price.known for price in prices])
    return {
        key: Worths(numbers[row], held[row], lacking[row], most[row])
        for row, key in enumerate(units)
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


def together(worths: Mapping[int, Worths] | Mapping[str, Worths], count: int) -> Column:
    """Their sum; not known where one of them is lacking."""
    lacking = np.zeros(count, np.bool_)
    for one in worths.values():
        lacking |= one.lacking
    most = sum(one.most for one in worths.values())
    numbers = summed([one.numbers for one in worths.values()], count, most=most)
    return Column(numbers, ~lacking)
