"""What exchange rates have done to costs and to cash, worked out for all days at once. Pure.

The same numbers as ``value_days`` finds day by day, to the last place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import numpy as np

from portfolio.position_days.day_table import DayTable
from portfolio.position_days.exact_integers import PLACES, Column, Numbers, Scaled, summed, times
from portfolio.position_days.exact_integers import worth as worth_of
from portfolio.position_days.instrument_days import InstrumentDays
from portfolio.position_days.vectors import Steps, Worths, together
from portfolio.valuations.valuing import DayChange


def cost_effects(table: DayTable, changes: Mapping[int, InstrumentDays]) -> dict[int, Column]:
    """Of each instrument priced in another currency; see ``open_costs.effect_of``."""
    market = table.market()
    return {
        key: cost_effect(table, table.priced[key].currency, moved)
        for key, moved in changes.items()
        if market.is_foreign(key)
    }


def cost_effect(table: DayTable, currency: str, moved: InstrumentDays) -> Column:
    rate = table.rate_of(currency)
    local = Steps.of({day: one.local_cost for day, one in moved.days.items()}).over(table)
    cost = Steps.of({day: one.cost for day, one in moved.days.items()}).over(table)
    converted = worth_of(local, Scaled.ones(len(table)), rate)
    numbers = np.where(rate.known, summed([converted, less(cost)], len(table)), 0)
    is_open = (local.numbers != 0) | (cost.numbers != 0)
    return Column(numbers, rate.known | ~is_open)


def added_up(columns: Iterable[Column], count: int) -> Column:
    """Their sum; not known where one of them is not."""
    known, numbers = np.ones(count, np.bool_), []
    for one in columns:
        known &= one.known
        numbers.append(one.numbers)
    return Column(np.where(known, summed(numbers, count), 0), known)


def cash_effect(
    table: DayTable, money: Mapping[str, Worths], changes: Mapping[date, DayChange]
) -> Column:
    """See ``Market.cash_effect``.

    Args:
        money: by currency what there was of it.
    """
    count = len(table)
    others = {code: one for code, one in money.items() if code != table.currency}
    if not others:
        return Column.nothing(count)
    held = together(others, count)
    booked = Steps.of({day: one.booked for day, one in changes.items() if one.booked}).over(table)
    numbers = np.where(held.known, summed([held.numbers, less(booked)], count), 0)
    return Column(numbers, held.known)


def less(amounts: Scaled) -> Numbers:
    """At ten places, to be taken off."""
    return times(amounts.numbers, -(10 ** (PLACES - amounts.places)))
