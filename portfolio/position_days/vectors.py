"""What positions and their portfolio were worth, worked out for all days at once. Pure.

The same numbers as ``walk`` and ``valuing`` find day by day, to the last place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

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
Steps = Mapping[date, Decimal]  # by how much something changed


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


def running(steps: Steps, table: DayTable) -> Scaled:
    """What steps have come to by the end of each day of a table."""
    before = sum((step for day, step in steps.items() if day < table.start), ZERO)
    within = sorted(day for day in steps if table.start <= day <= table.end)
    found = Scaled.of([before, *(steps[day] for day in within)])
    bound = sum(abs(number) for number in found.numbers.tolist())
    numbers = found.numbers.astype(object) if bound >= MOST else found.numbers
    lengths = np.diff([0, *(table.place(day) for day in within), len(table)])
    totals: Numbers = np.repeat(np.cumsum(numbers), lengths)
    return Scaled(totals, found.places, np.ones(len(table), np.bool_))


def position_worths(table: DayTable, changes: Mapping[date, DayChange]) -> dict[int, Worths]:
    """Of every instrument that was ever held, in the order of their ids."""
    units: defaultdict[int, dict[date, Decimal]] = defaultdict(dict)
    for day, change in changes.items():
        for instrument_id, quantity in change.units.items():
            units[instrument_id][day] = quantity
    return {
        key: Worths.of(
            running(units[key], table), table.prices[key], table.rate_of(table.priced[key].currency)
        )
        for key in sorted(units)
    }


def cash_worths(table: DayTable, changes: Mapping[date, DayChange]) -> dict[str, Worths]:
    cash: defaultdict[str, dict[date, Decimal]] = defaultdict(dict)
    for day, change in changes.items():
        for currency, amount in change.cash.items():
            cash[currency][day] = amount
    ones = Scaled.ones(len(table))
    return {
        code: Worths.of(running(steps, table), ones, table.rate_of(code))
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
