"""Where a finding can be mended, as an address of this desk's pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse

from portfolio.models import Portfolio, PortfolioKind
from portfolio.quality.findings import Finding

OF_PRICES: Final = (
    *("no_price", "stale_quote", "unpriced_days", "price_gap", "price_spike", "waiting_price"),
)
OF_RATES: Final = ("missing_rate", "unrated_days")
# What is recorded to mend it: the kind of activity that the form starts with.
RECORDED: Final = {
    "unmatched_sale": ("transfer_in", "Record how they came"),
    "dust": ("adjustment", "Record that they are gone"),
    "negative_cash": ("deposit", "Record a deposit"),
}


@dataclass(frozen=True, slots=True)
class Way:
    """``is_change``: the page is for those who may record."""

    label: str
    path: str
    is_change: bool = False


def way_of(found: Finding, portfolio: Portfolio, *, is_staff: bool = False) -> Way | None:
    """The page to go to; None where the activity that is named is what to look at."""
    if found.code == "waiting_price" and is_staff:
        return Way("Judge the prices held back", reverse("market:operations_quarantine"))
    if found.code in OF_PRICES:
        return Way(f"See {found.symbol}", reverse("market:instrument", args=[found.symbol]))
    if found.code in OF_RATES:
        return Way("See the rates", reverse("market:currencies"))
    if found.code == "unsettled":
        return Way("See what is on its way", reverse("portfolio:cash", args=[portfolio.id]))
    if found.code == "cash_dip":
        days = {"first_day": found.start, "last_day": found.end}
        return Way("See these days", address("portfolio:activities", portfolio, days))
    return recording_of(found, portfolio)


def recording_of(found: Finding, portfolio: Portfolio) -> Way | None:
    if found.code not in RECORDED:
        return None
    kind, label = RECORDED[found.code]
    if portfolio.kind == PortfolioKind.PAPER and found.symbol:  # its units move by orders alone
        return Way(f"Trade {found.symbol}", reverse("market:instrument", args=[found.symbol]), True)
    facts: dict[str, object] = {
        "kind": kind,
        "symbol": found.symbol,
        "currency": found.currency,
        "quantity": None if found.surplus is None else f"{-found.surplus.normalize():f}",
    }
    if portfolio.kind == PortfolioKind.TRACKED and found.start is not None:
        facts["occurred_at"] = f"{found.start}T00:00:00"
    return Way(label, address("portfolio:record", portfolio, facts), is_change=True)


def address(name: str, portfolio: Portfolio, facts: Mapping[str, object]) -> str:
    told = {key: value for key, value in facts.items() if value}
    return f"{reverse(name, args=[portfolio.id])}?{urlencode(told)}"
