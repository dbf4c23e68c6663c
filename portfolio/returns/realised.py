"""Gains that sales of a period realised, against acquisition cost and since the period began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from portfolio.models import Portfolio
from portfolio.returns.driving import realise
from portfolio.returns.facts import trades_until
from portfolio.returns.gains import Method, RealisedGain
from portfolio.returns.period_gains import period_gains
from portfolio.returns.periods import find_period
from portfolio.returns.trade_charges import GainCharges, charges_of
from portfolio.trades import Trade


@dataclass(frozen=True, slots=True)
class RealisedPeriod:
    """Sales of a period, and beside each what it gained since the period began, and its charges.

    ``trades`` are all up to the end, by instrument.
    """

    start: date
    end: date
    realised: Sequence[RealisedGain]
    period_gains: Sequence[Decimal | None]
    charges: Sequence[GainCharges]
    trades: Mapping[int, Sequence[Trade]]


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
    charges = charges_of(portfolio, realised)
    return RealisedPeriod(first, final, realised, gains, charges, trades)
