"""Which days a figure is of."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from accounts.errors import Problem, ProblemsError
from portfolio.errors import PortfolioError
from portfolio.models import Portfolio
from portfolio.valuation import first_day

ONE_DAY: Final = timedelta(days=1)
# No book reaches further back, and each day from then on is measured.
EARLIEST: Final = date(1900, 1, 1)


class PeriodRefused(PortfolioError, ProblemsError):
    """The period makes no sense; ``problems`` says why."""

    code = "period_refused"


def find_period(
    portfolio: Portfolio, *, start: date | None, end: date | None, today: date
) -> tuple[date, date]:
    """A portfolio that was reset has no time before that, so its periods begin there at most.

    Raises:
    PeriodRefused: the period ends in the future, or before it starts, or before the reset, or
        lies before ``EARLIEST``.
    """
    for name, day in (("start", start), ("end", end)):
        if day is not None and day < EARLIEST:
            message = f"{name} was {day}, must not lie before {EARLIEST}"
            raise PeriodRefused([Problem(name, "too_early", message)])
    end = end or today
    if end > today:
        message = f"end was {end}, must not lie after today, {today}"
        raise PeriodRefused([Problem("end", "in_the_future", message)])
    first = first_day(portfolio)
    if portfolio.reset_at is not None and first is not None:
        if end < first:
            message = f"end was {end}, must not lie before the reset of {first}"
            raise PeriodRefused([Problem("end", "before_reset", message)])
        start = first if start is None else max(start, first)
    if start is None:
        start = min(first, end) if first else end
    if start > end:
        message = f"start was {start}, must not lie after end, {end}"
        raise PeriodRefused([Problem("start", "after_end", message)])
    return start, end
