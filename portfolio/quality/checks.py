"""All checks of a portfolio's data."""

from __future__ import annotations

from datetime import datetime

from portfolio.models import Portfolio
from portfolio.quality.entry_checks import entry_findings
from portfolio.quality.findings import Finding, worst_first
from portfolio.quality.money_checks import money_findings
from portfolio.quality.price_checks import price_findings
from portfolio.quality.valuation_checks import valuation_findings


def quality_checks(portfolio: Portfolio, *, at: datetime) -> list[Finding]:
    """What is wrong or odd, the worst first; a fixed number of queries.

    The days' worth is brought up to yesterday first.
    """
    return worst_first(
        [
            *entry_findings(portfolio, at=at),
            *money_findings(portfolio, at=at),
            *price_findings(portfolio, at=at),
            *valuation_findings(portfolio, at=at),
        ]
    )
