"""How far returns swing. Pure; returns are fractions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from portfolio.bookkeeping.amounts import EXACT, ZERO
from portfolio.returns.time_weighted import ONE, DayReturn

TRADING_DAYS_A_YEAR: Final = 252
SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall from a high: ``depth`` is a fraction of that high, >= 0."""

    depth: Decimal
    high_date: date | None
    low_date: date | None


def max_drawdown(days: Iterable[DayReturn], *, start: date | None = None) -> Drawdown:
    """The deepest fall of the cumulative return below an earlier high; zero if it never fell.

    Args:
        start: the day on which the cumulative return was zero.
    """
    high, high_date = ONE, start
    deepest = Drawdown(ZERO, None, None)
    for day in days:
        level = ONE + day.cumulative
        if level > high:
            high, high_date = level, day.date
            continue
        depth = EXACT.divide(high - level, high)
        if depth > deepest.depth:
            deepest = Drawdown(depth, high_date, day.date)
    return deepest


def drawdowns(days: Iterable[DayReturn]) -> list[Decimal]:
    """How far each day stood below the high before it, as fractions >= 0."""
    high, found = ONE, []
    for day in days:
        level = ONE + day.cumulative
        high = max(high, level)
        found.append(EXACT.divide(high - level, high))
    return found


def weekday_returns(days: Iterable[DayReturn]) -> list[Decimal]:
    """Daily returns from Monday to Friday; weekends stand still and would calm the figures."""
    return [day.daily for day in days if day.date.weekday() < SATURDAY]


def volatility(returns: Sequence[Decimal]) -> Decimal | None:
    """The sample standard deviation of daily returns, times √252; None for fewer than two."""
    if len(returns) < 2:
        return None
    mean = EXACT.divide(sum(returns, ZERO), Decimal(len(returns)))
    squares = sum((EXACT.power(one - mean, Decimal(2)) for one in returns), ZERO)
    return _to_a_year(EXACT.divide(squares, Decimal(len(returns) - 1)))


def downside_deviation(returns: Sequence[Decimal]) -> Decimal | None:
    """As volatility, of the losing days' returns about zero over all days.

    Source: Sortino and Price, "Performance Measurement in a Downside Risk Framework", Journal of
    Investing 3 (1994); the target is zero.
    """
    if len(returns) < 2:
        return None
    squares = sum((EXACT.power(min(one, ZERO), Decimal(2)) for one in returns), ZERO)
    return _to_a_year(EXACT.divide(squares, Decimal(len(returns))))


def ratio(yearly_return: Decimal | None, deviation: Decimal | None) -> Decimal | None:
    """Sharpe's ratio with the volatility, Sortino's with the downside deviation.

    The riskless rate is zero. None where nothing swung.

    Source: Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21 (1994).
    """
    if yearly_return is None or not deviation:
        return None
    return EXACT.divide(yearly_return, deviation)


def _to_a_year(variance: Decimal) -> Decimal:
    return EXACT.sqrt(EXACT.multiply(variance, Decimal(TRADING_DAYS_A_YEAR)))
