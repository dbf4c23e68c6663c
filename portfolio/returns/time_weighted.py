"""Returns that do not depend on when money came and went. Pure.

Returns are fractions: 0.05 is five percent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from portfolio.bookkeeping.amounts import EXACT, ZERO

ONE: Final = Decimal(1)
DAYS_A_YEAR: Final = 365
# A gain of a few days makes a yearly rate that says nothing any more.
RATE_MAXIMUM: Final = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class DayPoint:
    """The end of one day, and what crossed the border during it; money in one currency."""

    date: date
    value: Decimal | None  # None where a holding had no price
    inflow: Decimal | None = ZERO  # >= 0; None where units came that had no price
    outflow: Decimal | None = ZERO  # >= 0

    @property
    def has_flow(self) -> bool:
        return bool(self.inflow is None or self.inflow or self.outflow)


@dataclass(frozen=True, slots=True)
class DayReturn:
    """``daily`` since the valued day before it, ``cumulative`` since the start."""

    date: date
    daily: Decimal
    cumulative: Decimal


@dataclass(slots=True)
class ReturnChain:
    """Linked returns of the days that have a value.

    ``broken_on`` is the first day of which no return can be told, because a flow fell on a day
    whose value, or the value before it, is not known; the days before it are there all the same.
    ``without_capital`` are days that gained or lost although there was nothing to gain on; they
    count as a return of zero.
    """

    days: list[DayReturn] = field(default_factory=list)
    broken_on: date | None = None
    without_capital: list[date] = field(default_factory=list)

    @property
    def total(self) -> Decimal | None:
        """The time-weighted return of the whole; None where the chain broke or is empty."""
        if self.broken_on is not None or not self.days:
            return None
        return self.days[-1].cumulative


def chain(points: Iterable[DayPoint], *, start_value: Decimal | None) -> ReturnChain:
    """Link daily returns.

    ``r = (value at the end + outflow) / (value at the start + inflow) - 1``: deposits count from
    the start of their day, withdrawals until its end. Days without a value and without flows
    are passed over, because the return across them is the product of theirs.

    Args:
        points: consecutive days, ascending.
        start_value: at the end of the day before the first.
    """
    found = ReturnChain()
    before, growth = start_value, ONE
    is_valued_yesterday = start_value is not None
    for point in points:
        inflow, outflow = point.inflow, point.outflow
        if inflow is None or outflow is None:
            found.broken_on = point.date
            return found
        if point.has_flow and (point.value is None or not is_valued_yesterday):
            found.broken_on = point.date
            return found
        is_valued_yesterday = point.value is not None
        if point.value is None:
            continue
        if before is None:  # nothing is known before the first price
            found.broken_on = point.date
            return found
        base, result = before + inflow, point.value + outflow
        daily = daily_return(base, result)
        if daily is None:
            found.without_capital.append(point.date)
            daily = ZERO
        growth = EXACT.multiply(growth, ONE + daily)
        found.days.append(DayReturn(point.date, daily, growth - ONE))
        before = point.value
    if not is_valued_yesterday and found.days:
        found.broken_on = found.days[-1].date + timedelta(days=1)
    return found


def daily_return(base: Decimal, result: Decimal) -> Decimal | None:
    """What became of ``base`` in a day; None where something came of nothing, or of a debt."""
    if base > 0:
        return EXACT.divide(result, base) - ONE
    return ZERO if base == result else None


def annualised(total: Decimal, *, days: int) -> Decimal | None:
    """A return over some days, as that of a year of 365.

    None for a total loss, for no time, and where the rate is beyond ``RATE_MAXIMUM``.
    """
    if days <= 0 or total <= -1:
        return None
    rate = EXACT.power(ONE + total, EXACT.divide(Decimal(DAYS_A_YEAR), Decimal(days))) - ONE
    return rate if rate <= RATE_MAXIMUM else None


@dataclass(frozen=True, slots=True)
class MonthReturn:
    year: int
    month: int
    value: Decimal


def by_month(days: Sequence[DayReturn]) -> list[MonthReturn]:
    """The linked return of each calendar month, ascending; those at the ends may be partial."""
    growth: dict[tuple[int, int], Decimal] = {}
    for day in days:
        month = (day.date.year, day.date.month)
        growth[month] = EXACT.multiply(growth.get(month, ONE), ONE + day.daily)
    return [MonthReturn(year, month, total - ONE) for (year, month), total in growth.items()]


def by_year(months: Iterable[MonthReturn]) -> dict[int, Decimal]:
    growth: dict[int, Decimal] = {}
    for month in months:
        growth[month.year] = EXACT.multiply(growth.get(month.year, ONE), ONE + month.value)
    return {year: total - ONE for year, total in growth.items()}
