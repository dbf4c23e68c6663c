"""The explanation of a figure by its name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from accounts.errors import NotFound
from portfolio.errors import PortfolioError
from portfolio.explaining.explanations import Explanation
from portfolio.explaining.of_money import LINES, change_today, net_worth, of_driver
from portfolio.explaining.of_returns import OF_RETURNS
from portfolio.explaining.of_sales import PERIOD_GAIN, of_period_gain
from portfolio.models import Portfolio
from portfolio.returns.gains import Method
from portfolio.returns.performance import measure
from portfolio.returns.realised import realised_gains

OF_NOW: Final[dict[str, Callable[[Portfolio], Explanation]]] = {
    "total_value": net_worth,
    "day_change": change_today,
}


class UnknownFigure(PortfolioError, NotFound):
    """No figure of that name is explained."""

    code = "unknown_figure"


FIGURES: Final = (*OF_NOW, *LINES, *OF_RETURNS, PERIOD_GAIN)


def explain(
    portfolio: Portfolio,
    figure: str,
    *,
    start: date | None = None,
    end: date | None = None,
    method: Method | None = None,
    at: datetime,
) -> Explanation:
    """Formula and inputs of a figure, of now or of whole days, both ends included.

    Raises:
        UnknownFigure: there is no such figure.
        PeriodRefused: the period ends in the future, or before it starts.
    """
    if figure in OF_NOW:
        return OF_NOW[figure](portfolio)
    if figure not in FIGURES:
        raise UnknownFigure(f"No figure is named {figure[:40]!r}; {', '.join(FIGURES)} are.")
    if figure == PERIOD_GAIN:
        return of_period_gain(realised_gains(portfolio, start=start, end=end, method=method, at=at))
    found = measure(portfolio, start=start, end=end, method=method, at=at)
    if figure in OF_RETURNS:
        return OF_RETURNS[figure](found)
    return of_driver(found, figure, today=at.date())
