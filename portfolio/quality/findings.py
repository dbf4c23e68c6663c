"""What a check of the data finds. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
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
# What to do about it, in words for people.
ADVICE: Final = {
    "unmatched_sale": "Record how the missing units came: a purchase, a delivery, a split.",
    "future_time": "Set its date right, or undo it.",
    "odd_price": "Compare it with the broker's statement and set price or currency right. If it"
    " was so, leave it.",
    "free_units": "If they were a gift or a delivery, edit it into a transfer or an adjustment.",
    "closed_day": "Compare its date with the broker's statement and set it right.",
    "dust": "If the broker shows none, take them out: by an adjustment, or by selling them.",
    "duplicate": "If it happened once, undo one of the two.",
    "negative_cash": "Record the deposit that is missing, or set right what took too much.",
    "cash_dip": "If the money came first, set the date of the deposit right. It harms no figure.",
    "unsettled": "See which trade it is of. If its settlement never comes, ask whoever runs this"
    " desk.",
    "missing_rate": "Rates come by themselves on days of the European Central Bank. If it has none"
    " of this currency, whoever runs this desk can store some.",
    "no_price": "Ask whoever runs this desk to name a provider for it, or to load its prices.",
    "stale_quote": "If it still trades, ask whoever runs this desk about its prices; if it does"
    " not, record what became of it.",
    "unpriced_days": "Ask whoever runs this desk to load the closes of these days, or measure from"
    " a later day on.",
    "unrated_days": "Ask whoever runs this desk to load the rates of these days, or measure from a"
    " later day on.",
    "price_gap": "If it traded on these days, ask whoever runs this desk to load their closes.",
    "price_spike": "Compare it with another source, and tell whoever runs this desk to correct it.",
    "waiting_price": "Whoever runs this desk confirms or drops them; until then they do not count.",
}
SEVERITIES: Final = list(Severity)
CODES: Final = list(TITLES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing, and where it is.

    ``reverses`` names the activity whose reversal mends it; ``surplus`` are units, > 0, that are
    perhaps not there.
    """

    code: str
    severity: Severity
    message: str
    symbol: str | None = None
    currency: str | None = None
    activity_id: UUID | None = None
    start: date | None = None
    end: date | None = None
    reverses: UUID | None = None
    surplus: Decimal | None = None

    @property
    def title(self) -> str:
        return TITLES[self.code]

    @property
    def advice(self) -> str:
        return ADVICE[self.code]


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """By severity, then in the order of the checks, newest first."""
    return sorted(findings, key=place_of)


def place_of(found: Finding) -> tuple[str, ...]:
    """Texts that put findings in order, the worst first."""
    return (
        str(SEVERITIES.index(found.severity)),
        f"{CODES.index(found.code):02}",
        f"{date.max.toordinal() - (found.start or date.min).toordinal():07}",
        found.symbol or "",
        str(found.activity_id or ""),
    )
