"""Time-weighted and money-weighted returns of a period, from its facts.

A gross return is what it would be had nobody charged for anything: fees and taxes count as if
they had been taken out at the end of their day.
"""

from __future__ import annotations

from decimal import Decimal

from portfolio.bookkeeping.amounts import ZERO
from portfolio.returns.facts import NO_MONEY, DayMoney, PeriodFacts
from portfolio.returns.money_weighted import Flow, NoRate, xirr
from portfolio.returns.periods import ONE_DAY
from portfolio.returns.time_weighted import DayPoint, ReturnChain, chain


def link(facts: PeriodFacts, *, is_gross: bool = False) -> ReturnChain:
    """The linked daily returns of a period."""
    start_value = facts.worth_on(facts.start - ONE_DAY).total
    return chain(day_points(facts, is_gross=is_gross), start_value=start_value)


def day_points(facts: PeriodFacts, *, is_gross: bool) -> list[DayPoint]:
    points = []
    for day in facts.days:
        money = facts.money.get(day, NO_MONEY)
        outflow = outflow_of(money, is_gross=is_gross)
        points.append(DayPoint(day, facts.worth_on(day).total, money.inflow, outflow))
    return points


def outflow_of(money: DayMoney, *, is_gross: bool) -> Decimal | None:
    if money.outflow is None:
        return None
    return money.outflow + (money.charges if is_gross else ZERO)


def find_rate(facts: PeriodFacts, *, is_gross: bool = False) -> tuple[Decimal | None, str | None]:
    """The money-weighted rate; None and why where there is none.

    The value at the start is paid in on the day before, that at the end is taken out on the end.
    """
    before = facts.start - ONE_DAY
    first, final = facts.worth_on(before), facts.worth_on(facts.end)
    if first.total is None:
        return None, f"{first.gap or 'no_price'}_at_start"
    if final.total is None:
        return None, f"{final.gap or 'no_price'}_at_end"
    flows: list[Flow] = [(before, -first.total), (facts.end, final.total)]
    for day, money in facts.money.items():
        outflow = outflow_of(money, is_gross=is_gross)
        if money.inflow is None or outflow is None:
            return None, "no_price"
        flows.append((day, outflow - money.inflow))
    try:
        return xirr(flows), None
    except NoRate as error:
        return None, error.reason
