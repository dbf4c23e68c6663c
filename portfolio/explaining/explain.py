"""The explanation of a figure by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from accounts.errors import NotFound, Problem, ProblemsError
from market.queries import instrument_by_address
from portfolio.errors import PortfolioError
from portfolio.explaining.explanations import Explanation
from portfolio.explaining.of_holdings import (
    SLICE_FIGURES,
    buying_power,
    cash_in_all,
    of_slice,
)
from portfolio.explaining.of_income import INCOME_FIGURES, of_income
from portfolio.explaining.of_lots import LOT_FIGURES, of_lot
from portfolio.explaining.of_money import LINES, change_today, net_worth, of_driver
from portfolio.explaining.of_position_days import POSITION_DAYS, of_position_days
from portfolio.explaining.of_positions import POSITION_FIGURES, of_position
from portfolio.explaining.of_returns import OF_RETURNS
from portfolio.explaining.of_sales import PERIOD_GAIN, of_period_gain
from portfolio.explaining.of_unions import UNION_FIGURES, of_union
from portfolio.holdings.allocation import Dimension
from portfolio.models import Portfolio
from portfolio.returns.gains import Method
from portfolio.returns.performance import measure
from portfolio.returns.realised import realised_gains

OF_NOW: Final[dict[str, Callable[[Portfolio], Explanation]]] = {
    "total_value": net_worth,
    "day_change": change_today,
    "cash": cash_in_all,
    "buying_power": buying_power,
}
FIGURES: Final = (*OF_NOW, *LINES, *OF_RETURNS, PERIOD_GAIN, *INCOME_FIGURES)


class UnknownFigure(PortfolioError, NotFound):
    """No figure of that name is explained."""

    code = "unknown_figure"


class ExplanationRefused(PortfolioError, ProblemsError):
    """It is not told of what a figure is to be explained; ``problems`` says why."""

    code = "explanation_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What of a portfolio a figure is of: all of it, where nothing is named."""

    symbol: str | None = None  # a position, by its instrument's address
    lot_id: UUID | None = None
    by: Dimension | None = None  # with ``key``: a part of an allocation
    key: str | None = None

    def insist(self) -> None:
        """Raises:
        ExplanationRefused: more than one thing is named, or half of one.
        """
        problems = []
        if (self.by is None) != (self.key is None):
            field = "by" if self.by is None else "key"
            message = "A part of an allocation is named by both: by, and its key."
            problems.append(Problem(field, "required", message))
        named = {"symbol": self.symbol, "lot_id": self.lot_id, "by": self.by}
        fields = [name for name, value in named.items() if value is not None]
        if len(fields) > 1:
            message = f"Explain a figure of one thing; found were {', '.join(fields)}."
            problems.append(Problem(fields[0], "too_many", message))
        if problems:
            raise ExplanationRefused(problems)


ALL_OF_IT: Final = Subject()


def explain(
    portfolio: Portfolio,
    figure: str,
    subject: Subject = ALL_OF_IT,
    *,
    start: date | None = None,
    end: date | None = None,
    method: Method | None = None,
    at: datetime,
) -> Explanation:
    """Formula and inputs of a figure, of now or of whole days, both ends included.

    Raises:
        UnknownFigure: there is no such figure.
        ExplanationRefused: see ``Subject.insist``.
        LotNotFound: the portfolio has no such lot.
        SliceNotFound: nothing of that kind is in the portfolio.
        UnknownSymbol, AmbiguousSymbol: see ``market.queries.instrument_by_address``.
        PositionNotFound: nothing is held of the instrument that is named, or was ever.
        PeriodRefused: the period ends in the future, or before it starts.
    """
    subject.insist()
    if subject.lot_id is not None:
        insist(figure, LOT_FIGURES, of="a lot")
        return of_lot(portfolio, subject.lot_id, figure)
    if subject.by is not None and subject.key is not None:
        insist(figure, SLICE_FIGURES, of="a part of an allocation")
        return of_slice(portfolio, subject.by, subject.key, figure)
    if subject.symbol is not None:
        insist(figure, (*POSITION_FIGURES, *POSITION_DAYS), of="a position")
        instrument = instrument_by_address(subject.symbol)
        if figure in POSITION_DAYS:
            return of_position_days(portfolio, instrument, figure, start=start, end=end, at=at)
        return of_position(portfolio, instrument, figure)
    insist(figure, FIGURES, of="a portfolio")
    if figure in OF_NOW:
        return OF_NOW[figure](portfolio)
    if figure in INCOME_FIGURES:
        return of_income(portfolio, figure, start=start, end=end, at=at)
    found = of_days(portfolio, figure, start=start, end=end, method=method, at=at)
    return replace(found, is_of_days=True)


def explain_together(
    portfolios: Sequence[Portfolio],
    figure: str,
    *,
    currency: str,
    start: date | None = None,
    end: date | None = None,
    method: Method | None = None,
    at: datetime,
) -> Explanation:
    """The same of several portfolios as one, in one currency, by portfolio.

    Raises:
        UnknownFigure: there is no such figure.
        PeriodRefused: the period ends in the future, or before it starts.
    """
    insist(figure, UNION_FIGURES, of="several portfolios")
    return of_union(
        portfolios, figure, currency=currency, start=start, end=end, method=method, at=at
    )


def insist(figure: str, known: Iterable[str], *, of: str) -> None:
    if figure not in known:
        names = ", ".join(known)
        raise UnknownFigure(f"No figure of {of} is named {figure[:40]!r}; {names} are.")


def of_days(
    portfolio: Portfolio,
    figure: str,
    *,
    start: date | None,
    end: date | None,
    method: Method | None,
    at: datetime,
) -> Explanation:
    if figure == PERIOD_GAIN:
        return of_period_gain(realised_gains(portfolio, start=start, end=end, method=method, at=at))
    found = measure(portfolio, start=start, end=end, method=method, at=at)
    if figure in OF_RETURNS:
        return OF_RETURNS[figure](found)
    return of_driver(found, figure, today=at.date())
