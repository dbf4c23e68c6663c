"""What makes the figures of a period less telling than they look."""

from __future__ import annotations

from portfolio.returns.facts import PeriodFacts
from portfolio.returns.time_weighted import ReturnChain


def notices_of(facts: PeriodFacts, returns: ReturnChain) -> list[str]:
    """Codes: a gain on nothing, and cash that was below zero at the end of some day."""
    notices = ["return_without_capital"] if returns.without_capital else []
    amounts = (facts.worth_on(day).cash for day in facts.days)
    if any(cash is not None and cash < 0 for cash in amounts):
        notices.append("cash_dip")
    return notices
