"""What a portfolio was worth, day by day. Pure: changes and closes in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from portfolio.amounts import ZERO, product

# A close stands for the days after it until the next one, but no longer than this.
CARRY_DAYS: Final = 30
ONE_DAY: Final = timedelta(days=1)

Closes = Mapping[int, Sequence[tuple[date, Decimal]]]  # by instrument, ascending by date


@dataclass(slots=True)
class DayChange:
    """What one day's entries changed; money in the portfolio's currency."""

    cash: Decimal = ZERO
    net_flow: Decimal = ZERO  # in from outside less out
    cost: Decimal = ZERO
    units: dict[int, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DayValue:
    """One day's end. ``market_value`` is None when a held instrument has no usable close."""

    date: date
    cash: Decimal
    market_value: Decimal | None
    cost: Decimal
    net_flow: Decimal


def value_days(
    changes: Mapping[date, DayChange], closes: Closes, *, start: date, through: date
) -> Iterator[DayValue]:
    """Value each calendar day from ``start`` to ``through``, both included.

    Args:
        changes: of every day on which something changed, those before ``start`` as well.
        closes: in the portfolio's currency, from ``CARRY_DAYS`` before ``start``. An
            instrument that is priced in another currency is left out, so it has no price.
    """
    cash, cost = ZERO, ZERO
    units: dict[int, Decimal] = {}
    for day in sorted(day for day in changes if day < start):
        cash, cost = cash + changes[day].cash, cost + changes[day].cost
        add_units(units, changes[day].units)
    prices = {instrument: PriceWalk(series) for instrument, series in closes.items()}
    day = start
    while day <= through:
        change = changes.get(day)
        if change:
            cash, cost = cash + change.cash, cost + change.cost
            add_units(units, change.units)
        yield DayValue(
            date=day,
            cash=cash,
            market_value=market_value(units, prices, day),
            cost=cost,
            net_flow=change.net_flow if change else ZERO,
        )
        day += ONE_DAY


class PriceWalk:
    """A series of closes, asked for one ascending day after another."""

    def __init__(self, series: Sequence[tuple[date, Decimal]]) -> None:
        self._series = series
        self._next = 0

    def close_on(self, day: date) -> Decimal | None:
        """The newest close up to that day, if it is not too old to stand for it."""
        while self._next < len(self._series) and self._series[self._next][0] <= day:
            self._next += 1
        if self._next == 0:
            return None
        closed_on, close = self._series[self._next - 1]
        return close if (day - closed_on).days <= CARRY_DAYS else None


def add_units(units: dict[int, Decimal], added: Mapping[int, Decimal]) -> None:
    """Add to what is held; what comes to nothing is forgotten."""
    for instrument, quantity in added.items():
        total = units.get(instrument, ZERO) + quantity
        if total:
            units[instrument] = total
        else:
            units.pop(instrument, None)


def market_value(
    units: Mapping[int, Decimal], prices: Mapping[int, PriceWalk], day: date
) -> Decimal | None:
    total = ZERO
    for instrument, quantity in units.items():
        close = prices[instrument].close_on(day) if instrument in prices else None
        if close is None:
            return None
        total += product(quantity, close)
    return total
