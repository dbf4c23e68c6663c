"""The days of a portfolio, from arrays of all of them at once. Pure.

The same numbers as ``valuing`` finds day by day, to the last place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from portfolio.bookkeeping.amounts import ZERO
from portfolio.position_days.currency_effects import added_up, cash_effect
from portfolio.position_days.day_table import DayTable
from portfolio.position_days.exact_integers import Column
from portfolio.position_days.instrument_days import Earned
from portfolio.position_days.vectors import Worths, cash_worths, together
from portfolio.valuations.valuing import NOTHING_EARNED, DayChange, DayFlow, DayValue, Key

NOTHING_CROSSED: Final = DayFlow()


def value_table(
    table: DayTable,
    changes: Mapping[date, DayChange],
    positions: Mapping[int, Worths],
    *,
    earned: Mapping[date, Earned],
    effects: Mapping[int, Column],
    start: date,
) -> Iterator[DayValue]:
    """The portfolio's days from ``start`` on, a day of the table, to its end; as ``value_days``.

    Args:
        earned: from ``start`` on.
        effects: see ``currency_effects.cost_effects``.
    """
    count, money = len(table), cash_worths(table, changes)
    worths = together(positions, count).decimals()
    cash = together(money, count).decimals()
    by_rates = added_up(effects.values(), count).decimals()
    by_cash = cash_effect(table, money, changes).decimals()
    cost = sum((change.cost for day, change in changes.items() if day < start), ZERO)
    market = table.market()
    for index in range(table.place(start), count):
        day = table.start + timedelta(days=index)
        change, gap = changes.get(day), ""
        market.day = day
        if change is not None:
            cost += change.cost
        if worths[index] is None or cash[index] is None:
            gap = market.gap_of(held_at(index, positions), held_at(index, money))
        yield DayValue(
            date=day,
            cash=cash[index],
            market_value=worths[index],
            cost=cost,
            flow=NOTHING_CROSSED if change is None else market.flow_of(change),
            gap=gap,
            earned=earned.get(day, NOTHING_EARNED),
            currency_effect=by_rates[index],
            cash_effect=by_cash[index],
        )


def held_at(index: int, worths: Mapping[Key, Worths]) -> dict[Key, Decimal]:
    """What there was of at all, on one day of a table; how much is not told."""
    return {key: ZERO for key, one in worths.items() if one.held[index]}
