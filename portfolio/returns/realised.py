"""Gains that sales of a period realised, against acquisition cost and since the period began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from portfolio.models import Portfolio
from portfolio.returns.driving import realise
from portfolio.returns.facts import trades_until
from portfolio.returns.gains import Method, RealisedGain
from portfolio.returns.period_gains import period_gains
from portfolio.returns.periods import find_period


@dataclass(frozen=True, slots=True)
class RealisedPeriod:
    """Sales of a period, and beside each what it gained since the period began."""

    start: date
    end: date
    realised: Sequence[RealisedGain]
    period_gains: Sequence[Decimal | None]


def realised_gains(
    portfolio: Portfolio,
    *,
    start: date | None = None,
    end: date | None = None,
    method: Method | None = None,
    at: datetime,
) -> RealisedPeriod:
    """Gains of sales in whole days, both ends included, against acquisition cost and by period.

    Raises:
        PeriodRefused: the period ends in the future, or before it starts.
    """
    method = method or Method(portfolio.lot_method)
    first, final = find_period(portfolio, start=start, end=end, today=at.date())
    trades = trades_until(portfolio, final)
    realised, _ = realise(trades, method, start=first, cost_dates=())
    gains = period_gains(portfolio, realised, trades, start=first)
    return RealisedPeriod(first, final, realised, gains)
