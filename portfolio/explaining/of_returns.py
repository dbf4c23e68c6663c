"""Why returns and risks are what they are. Pure: from a measured performance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Final

from portfolio.bookkeeping.amounts import EXACT, ZERO
from portfolio.explaining.explanations import Arithmetic, Explanation, Line, Part, Unit, by_span
from portfolio.returns import risk
from portfolio.returns.performance import Performance
from portfolio.returns.periods import ONE_DAY
from portfolio.returns.rates_of_return import link, outflow_of
from portfolio.returns.time_weighted import DAYS_A_YEAR, by_month, by_year

ONE: Final = Decimal(1)
MONTHS_SHOWN: Final = 60
BEFORE_CHARGES: Final = ", before charges"
CHARGES_BACK: Final = (
    " Fees and taxes, those of trades too, count as taken out at the end of their day."
)


def time_weighted(found: Performance, *, is_gross: bool = False) -> Explanation:
    by_months = by_month(link(found.facts, is_gross=True).days) if is_gross else found.months
    months = [
        Line(f"{month.year}-{month.month:02}", month.value, Unit.FRACTION) for month in by_months
    ]
    if len(months) > MONTHS_SHOWN:
        years = by_year(by_months)
        months = [Line(str(year), value, Unit.FRACTION) for year, value in years.items()]
    value = found.gross_twr if is_gross else found.returns.total
    figure = "gross_twr" if is_gross else "twr"
    return Explanation(
        figure=figure,
        label="Time-weighted return" + BEFORE_CHARGES * is_gross,
        value=value,
        unit=Unit.FRACTION,
        formula="Each day: (value at its end + taken out) ÷ (value at its start + paid in) − 1. "
        "One plus each day's return, multiplied, less one; here by month or year."
        + CHARGES_BACK
        * is_gross,
        arithmetic=Arithmetic.LINK,
        parts=[Part("Linked returns", months)],
        reason=found.reasons.get(figure, ""),
    )


def money_weighted(found: Performance, *, is_gross: bool = False) -> Explanation:
    """Each flow at its worth at the start: together they come to nothing."""
    rate = found.gross_xirr if is_gross else found.xirr
    figure = "gross_xirr" if is_gross else "xirr"
    lines = []
    if rate is not None:
        before = found.start - ONE_DAY
        flows = [(before, -(found.start_value or ZERO)), (found.end, found.end_value or ZERO)]
        for day, money in found.facts.money.items():
            paid, taken = money.inflow or ZERO, outflow_of(money, is_gross=is_gross) or ZERO
            flows.append((day, taken - paid))
        growth = ONE + rate
        lines = by_span(
            (day, EXACT.divide(amount, EXACT.power(growth, years_between(before, day))))
            for day, amount in flows
        )
    return Explanation(
        figure=figure,
        label="Money-weighted return" + BEFORE_CHARGES * is_gross,
        value=rate,
        unit=Unit.FRACTION,
        formula="The yearly rate at which all flows come to nothing: each is divided by "
        "(1 + rate) ^ (days since the start ÷ 365). The value at the start and what was paid in "
        "are negative, what was taken out and the value at the end positive."
        + CHARGES_BACK
        * is_gross,
        arithmetic=Arithmetic.BALANCE,
        parts=[Part("Flows, at their worth at the start", lines)],
        reason=found.reasons.get(figure, ""),
    )


def years_between(first: date, day: date) -> Decimal:
    days = Decimal((day - first).days)
    return EXACT.divide(days, Decimal(DAYS_A_YEAR))


def simple(found: Performance, *, is_gross: bool = False) -> Explanation:
    drivers, parts, value = found.drivers, [], None
    if drivers is not None:
        value = drivers.gross_simple_return if is_gross else drivers.simple_return
    if drivers is not None and value is not None:
        gain = [
            Line("Value at the end", drivers.end_value),
            Line("Value at the start", -drivers.start_value),
            Line("Paid in", -drivers.inflow),
            Line("Taken out", drivers.outflow),
        ]
        if is_gross:
            gain += [Line("Fees", drivers.all_fees), Line("Taxes", drivers.all_taxes)]
        base = [
            Line("Value at the start", drivers.start_value),
            Line("Paid in", drivers.inflow),
        ]
        parts = [Part("Gain", gain), Part("What was there and paid in", base)]
    figure = "gross_simple_return" if is_gross else "simple_return"
    return Explanation(
        figure=figure,
        label="Simple return" + BEFORE_CHARGES * is_gross,
        value=value,
        unit=Unit.FRACTION,
        formula="Gain ÷ (value at the start + paid in)." + CHARGES_BACK * is_gross,
        arithmetic=Arithmetic.QUOTIENT,
        parts=parts,
        reason=found.reasons.get(figure, ""),
    )


def yearly(found: Performance) -> Explanation:
    """See ``time_weighted.annualised``."""
    parts = []
    if found.twr_annualised is not None and found.returns.total is not None:
        whole = Line("Time-weighted return", found.returns.total, Unit.FRACTION)
        days = Line("Days, both ends included", Decimal(len(found.facts.days)), Unit.COUNT)
        parts = [Part("Of the whole time", [whole]), Part("Its length", [days])]
    return Explanation(
        figure="twr_annualised",
        label="Time-weighted return of a year",
        value=found.twr_annualised,
        unit=Unit.FRACTION,
        formula="(1 + time-weighted return) ^ (365 ÷ days) − 1. Of less than a year it tells what "
        "a whole one would bring if it went on like that, which it seldom does.",
        arithmetic=Arithmetic.ANNUAL,
        parts=parts,
        reason=found.reasons.get("twr_annualised", ""),
    )


def volatility(found: Performance) -> Explanation:
    daily, lines = risk.weekday_returns(found.returns.days), []
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
    return deviated(
        found,
        "volatility",
        "Volatility",
        "√(squared distances ÷ days × 252): the sample standard deviation of the daily returns, "
        "put on a year.",
        lines,
    )


def downside(found: Performance) -> Explanation:
    """See ``risk.downside_deviation``."""
    daily, lines = risk.weekday_returns(found.returns.days), []
    if found.downside_deviation is not None:
        squares = sum((EXACT.power(min(one, ZERO), Decimal(2)) for one in daily), ZERO)
        losing = sum(one < 0 for one in daily)
        lines = [
            Line("Squared losses, summed", squares, Unit.RATIO, f"of {losing} losing days"),
            Line("Days from Monday to Friday", Decimal(len(daily)), Unit.COUNT),
        ]
    return deviated(
        found,
        "downside_deviation",
        "Downside deviation",
        "√(squared losses ÷ days × 252): as volatility, but gains count as zero and the distance "
        "is from zero (Sortino and Price, 1994, with a target of zero).",
        lines,
    )


def deviated(
    found: Performance, figure: str, label: str, formula: str, lines: Sequence[Line]
) -> Explanation:
    """A deviation of the daily returns from its squares and its days; without them unknown."""
    return Explanation(
        figure=figure,
        label=label,
        value=getattr(found, figure),
        unit=Unit.FRACTION,
        formula=formula,
        arithmetic=Arithmetic.DEVIATION,
        parts=[Part("Daily returns", lines)] if lines else [],
        reason=found.reasons.get(figure, ""),
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
        of_a_year = Line("Time-weighted return of a year", found.twr_annualised, Unit.FRACTION)
        parts = [
            Part("Return", [of_a_year]),
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
    "gross_twr": partial(time_weighted, is_gross=True),
    "twr_annualised": yearly,
    "xirr": money_weighted,
    "gross_xirr": partial(money_weighted, is_gross=True),
    "simple_return": simple,
    "gross_simple_return": partial(simple, is_gross=True),
    "volatility": volatility,
    "downside_deviation": downside,
    "max_drawdown": deepest_fall,
    "sharpe": lambda found: risk_ratio(found, "sharpe"),
    "sortino": lambda found: risk_ratio(found, "sortino"),
}
