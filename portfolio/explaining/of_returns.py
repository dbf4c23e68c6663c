"""Why returns and risks are what they are. Pure: from a measured performance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Final

from portfolio.bookkeeping.amounts import EXACT, ZERO
from portfolio.explaining.explanations import Arithmetic, Explanation, Line, Part, Unit, by_span
from portfolio.returns import risk
from portfolio.returns.performance import Performance
from portfolio.returns.periods import ONE_DAY
from portfolio.returns.rates_of_return import outflow_of
from portfolio.returns.time_weighted import DAYS_A_YEAR, by_year

ONE: Final = Decimal(1)
MONTHS_SHOWN: Final = 60


def time_weighted(found: Performance) -> Explanation:
    months = [
        Line(f"{month.year}-{month.month:02}", month.value, Unit.FRACTION) for month in found.months
    ]
    if len(months) > MONTHS_SHOWN:
        years = by_year(found.months)
        months = [Line(str(year), value, Unit.FRACTION) for year, value in years.items()]
    return Explanation(
        figure="twr",
        label="Time-weighted return",
        value=found.returns.total,
        unit=Unit.FRACTION,
        formula="Each day: (value at its end + taken out) ÷ (value at its start + paid in) − 1. "
        "One plus each day's return, multiplied, less one; here by month or year.",
        arithmetic=Arithmetic.LINK,
        parts=[Part("Linked returns", months)],
        reason=found.reasons.get("twr", ""),
    )


def money_weighted(found: Performance) -> Explanation:
    """Each flow at its worth at the start: together they come to nothing."""
    rate, lines = found.xirr, []
    if rate is not None:
        before = found.start - ONE_DAY
        flows = [(before, -(found.start_value or ZERO)), (found.end, found.end_value or ZERO)]
        for day, money in found.facts.money.items():
            paid, taken = money.inflow or ZERO, outflow_of(money, is_gross=False) or ZERO
            flows.append((day, taken - paid))
        growth = ONE + rate
        lines = by_span(
            (day, EXACT.divide(amount, EXACT.power(growth, years_between(before, day))))
            for day, amount in flows
        )
    return Explanation(
        figure="xirr",
        label="Money-weighted return",
        value=rate,
        unit=Unit.FRACTION,
        formula="The yearly rate at which all flows come to nothing: each is divided by "
        "(1 + rate) ^ (days since the start ÷ 365). The value at the start and what was paid in "
        "are negative, what was taken out and the value at the end positive.",
        arithmetic=Arithmetic.BALANCE,
        parts=[Part("Flows, at their worth at the start", lines)],
        reason=found.reasons.get("xirr", ""),
    )


def years_between(first: date, day: date) -> Decimal:
    days = Decimal((day - first).days)
    return EXACT.divide(days, Decimal(DAYS_A_YEAR))


def simple(found: Performance) -> Explanation:
    drivers, parts = found.drivers, []
    if drivers is not None and drivers.simple_return is not None:
        gain = [
            Line("Value at the end", drivers.end_value),
            Line("Value at the start", -drivers.start_value),
            Line("Paid in", -drivers.inflow),
            Line("Taken out", drivers.outflow),
        ]
        base = [
            Line("Value at the start", drivers.start_value),
            Line("Paid in", drivers.inflow),
        ]
        parts = [Part("Gain", gain), Part("What was there and paid in", base)]
    return Explanation(
        figure="simple_return",
        label="Simple return",
        value=None if drivers is None else drivers.simple_return,
        unit=Unit.FRACTION,
        formula="Gain ÷ (value at the start + paid in).",
        arithmetic=Arithmetic.QUOTIENT,
        parts=parts,
        reason=found.reasons.get("simple_return", ""),
    )


def volatility(found: Performance) -> Explanation:
    daily, parts = risk.weekday_returns(found.returns.days), []
    if found.volatility is not None:
        mean = EXACT.divide(sum(daily, ZERO), Decimal(len(daily)))
        squares = sum((EXACT.power(one - mean, Decimal(2)) for one in daily), ZERO)
        lines = [
            Line(
                "Squared distances from the mean, summed",
                squares,
                Unit.RATIO,
                f"mean of a day: {mean * 100:.4f} %",
            ),
            Line("Days from Monday to Friday, less one", Decimal(len(daily) - 1), Unit.COUNT),
        ]
        parts = [Part("Daily returns", lines)]
    return Explanation(
        figure="volatility",
        label="Volatility",
        value=found.volatility,
        unit=Unit.FRACTION,
        formula="√(squared distances ÷ days × 252): the sample standard deviation of the daily "
        "returns, put on a year.",
        arithmetic=Arithmetic.DEVIATION,
        parts=parts,
        reason=found.reasons.get("volatility", ""),
    )


def deepest_fall(found: Performance) -> Explanation:
    fall, parts = found.drawdown, []
    if fall is not None and fall.depth:
        levels = {day.date: ONE + day.cumulative for day in found.returns.days}
        high = levels.get(fall.high_date, ONE) if fall.high_date else ONE
        low = levels[fall.low_date] if fall.low_date else ONE
        parts = [
            Part(
                "From the high to the low",
                [
                    Line(f"Level on {fall.low_date:%-d %b %Y}", low, Unit.RATIO),
                    Line(f"High on {fall.high_date:%-d %b %Y}", -high, Unit.RATIO),
                ],
            ),
            Part("The high", [Line(f"High on {fall.high_date:%-d %b %Y}", high, Unit.RATIO)]),
        ]
    return Explanation(
        figure="max_drawdown",
        label="Deepest fall",
        value=None if fall is None else -fall.depth,
        unit=Unit.FRACTION,
        formula="(Level at the low − highest level before it) ÷ that high. A level is one plus "
        "the time-weighted return so far.",
        arithmetic=Arithmetic.QUOTIENT,
        parts=parts,
        reason=found.reasons.get("max_drawdown", ""),
    )


def risk_ratio(found: Performance, figure: str) -> Explanation:
    """Sharpe's and Sortino's."""
    is_sharpe = figure == "sharpe"
    value = found.sharpe if is_sharpe else found.sortino
    deviation = found.volatility if is_sharpe else found.downside_deviation
    name = "Volatility" if is_sharpe else "Downside deviation"
    parts = []
    if value is not None and found.twr_annualised is not None and deviation is not None:
        yearly = Line("Time-weighted return of a year", found.twr_annualised, Unit.FRACTION)
        parts = [
            Part("Return", [yearly]),
            Part("Risk", [Line(name, deviation, Unit.FRACTION)]),
        ]
    return Explanation(
        figure=figure,
        label="Sharpe's ratio" if is_sharpe else "Sortino's ratio",
        value=value,
        unit=Unit.RATIO,
        formula=f"Time-weighted return, put on a year of 365 days ÷ {name.lower()}. "
        "The riskless rate is taken as zero.",
        arithmetic=Arithmetic.QUOTIENT,
        parts=parts,
        reason=found.reasons.get(figure, ""),
    )


OF_RETURNS: Final[dict[str, Callable[[Performance], Explanation]]] = {
    "twr": time_weighted,
    "xirr": money_weighted,
    "simple_return": simple,
    "volatility": volatility,
    "max_drawdown": deepest_fall,
    "sharpe": lambda found: risk_ratio(found, "sharpe"),
    "sortino": lambda found: risk_ratio(found, "sortino"),
}
