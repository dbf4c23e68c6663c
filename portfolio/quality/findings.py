"""What a check of the data finds. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID


class Severity(StrEnum):
    """How much a figure may be wrong: not at all to be trusted, perhaps wrong, good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


# What a check is called, in words for people.
TITLES: Final = {
    "unmatched_sale": "Sold more than was ever bought",
    "future_time": "Time in the future",
    "odd_price": "Price far from the market",
    "free_units": "Units bought for nothing",
    "closed_day": "Trade on a day without a session",
    "dust": "A trace of units",
    "duplicate": "Perhaps recorded twice",
    "negative_cash": "Cash below zero",
    "cash_dip": "Cash below zero for a moment",
    "unsettled": "Never settled",
    "missing_rate": "No exchange rate",
    "no_price": "No price",
    "stale_quote": "Old price",
    "unpriced_days": "Held without a price",
    "unrated_days": "Held without an exchange rate",
    "price_gap": "Days without prices",
    "price_spike": "A price unlike its neighbours",
    "waiting_price": "Prices held back",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing, and where it is. ``reverses`` names the activity whose reversal mends it."""

    code: str
    severity: Severity
    message: str
    symbol: str | None = None
    currency: str | None = None
    activity_id: UUID | None = None
    start: date | None = None
    end: date | None = None
    reverses: UUID | None = None

    @property
    def title(self) -> str:
        return TITLES[self.code]


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """By severity, then in the order of the checks, newest first."""
    severities, codes = list(Severity), list(TITLES)
    return sorted(
        findings,
        key=lambda one: (
            severities.index(one.severity),
            codes.index(one.code),
            -(one.start or date.min).toordinal(),
            one.symbol or "",
        ),
    )
