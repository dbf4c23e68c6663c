"""The figures of risk of one period, or why there are none."""

from __future__ import annotations

from typing import Any, Final

from portfolio.returns import risk
from portfolio.returns.facts import PeriodFacts
from portfolio.returns.periods import ONE_DAY
from portfolio.returns.time_weighted import ReturnChain, annualised

RISKY: Final = ("volatility", "downside_deviation", "sharpe", "sortino")


def risk_figures(
    facts: PeriodFacts, returns: ReturnChain, reasons: dict[str, str]
) -> dict[str, Any]:
    """Figures that follow from the daily returns; those that are None are named in ``reasons``."""
    daily = risk.weekday_returns(returns.days)
    whole = returns.total
    yearly = None if whole is None else annualised(whole, days=len(facts.days))
    swings = None if whole is None else risk.volatility(daily)
    falls = None if whole is None else risk.downside_deviation(daily)
    figures: dict[str, Any] = {
        "twr_annualised": yearly,
        "volatility": swings,
        "downside_deviation": falls,
        "sharpe": risk.ratio(yearly, swings),
        "sortino": risk.ratio(yearly, falls),
        "drawdown": None
        if whole is None
        else risk.max_drawdown(returns.days, start=facts.start - ONE_DAY),
    }
    if whole is None:
        missing = dict.fromkeys(
            (*figures, "twr", "max_drawdown"), "no_price" if returns.broken_on else "no_days"
        )
    else:
        missing = {name: "too_few_days" for name in RISKY[:2] if figures[name] is None}
        missing |= {name: "no_swing" for name in RISKY[2:] if figures[name] is None}
        if yearly is None:
            why = "total_loss" if whole <= -1 else "beyond_measure"
            missing |= dict.fromkeys(("twr_annualised", *RISKY[2:]), why)
    reasons |= missing
    return figures
