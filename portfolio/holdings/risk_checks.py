"""How much of a portfolio hangs on one thing, against the limits of whoever looks at it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from accounts.models import User
from market.models.instruments import AssetClass
from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.holdings.allocation import (
    CASH,
    UNKNOWN,
    Dimension,
    Holding,
    Slice,
    allocate,
    holdings_of,
    weight,
)
from portfolio.holdings.thresholds import Rule, Source, Threshold, thresholds_of
from portfolio.models import Portfolio

A_YEAR: Final = timedelta(days=365)
# What was charged, for trades as well; what was reversed never was.
CHARGES: Final = """
SELECT coalesce(sum(round(p.amount * e.base_rate, 10)), 0)
FROM portfolio_journalentry AS e
JOIN portfolio_posting AS p ON p.entry_id = e.id
JOIN portfolio_ledgeraccount AS a ON a.id = p.ledger_account_id
WHERE e.portfolio_id = %s AND a.kind = 'fees' AND a.currency <> '' AND e.kind <> 'reversal'
    AND NOT EXISTS (
        SELECT 1 FROM portfolio_journalentry AS reversal WHERE reversal.reverses_id = e.id)
    AND e.occurred_at > %s
"""
TITLES: Final = {
    Rule.LARGEST_NAME: "The largest name",
    Rule.LARGEST_SECTOR: "The largest sector",
    Rule.LARGEST_CURRENCY: "The largest other currency",
    Rule.LARGEST_COUNTRY: "The largest country",
    Rule.CASH_SHARE: "Cash",
    Rule.COST_SHARE: "Charges of a year",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskCheck:
    """One rule and what it found, in percent of what the portfolio is worth.

    ``value`` is that part in the portfolio's currency. ``share_pct`` is None where the whole is
    not known or nothing is there; ``reason`` is then the code of why.
    """

    rule: Rule
    subject: str  # what weighs most; empty where the rule names it, or there is nothing
    value: Decimal | None
    share_pct: Decimal | None
    maximum_pct: Decimal
    source: Source
    reason: str = ""

    @property
    def title(self) -> str:
        return TITLES[self.rule]

    @property
    def drawn_pct(self) -> Decimal:
        """How far its bar goes: a debt has none, and more than all is all."""
        return min(max(self.share_pct or ZERO, ZERO), Decimal(100))

    @property
    def is_exceeded(self) -> bool | None:
        return None if self.share_pct is None else self.share_pct > self.maximum_pct


def risk_checks(portfolio: Portfolio, *, user: User, at: datetime) -> list[RiskCheck]:
    """Every rule in order, by the limits of a user; nine queries and one read of quotes."""
    ((charged,),) = fetch_rows(CHARGES, [portfolio.id, at - A_YEAR])
    return check(
        holdings_of(portfolio),
        own_currency=portfolio.currency,
        charged=charged,
        thresholds=thresholds_of(user, portfolio),
    )


def check(
    holdings: Sequence[Holding],
    *,
    own_currency: str,
    charged: Decimal,
    thresholds: Mapping[Rule, Threshold],
) -> list[RiskCheck]:
    """Pure.

    Args:
        charged: fees of a year in the portfolio's currency.
    """
    spread = {by: allocate(holdings, by) for by in Dimension}
    total = spread[Dimension.INSTRUMENT].total
    funds = {
        one.instrument.symbol
        for one in holdings
        if one.instrument is not None and one.instrument.asset_class == AssetClass.FUND
    }
    cash = [one for one in spread[Dimension.INSTRUMENT].slices if one.key == CASH]
    heaviest = {
        Rule.LARGEST_NAME: largest(spread[Dimension.INSTRUMENT].slices, {CASH, *funds}),
        Rule.LARGEST_SECTOR: largest(spread[Dimension.SECTOR].slices, {CASH, UNKNOWN}),
        Rule.LARGEST_CURRENCY: largest(spread[Dimension.CURRENCY].slices, {own_currency}),
        Rule.LARGEST_COUNTRY: largest(spread[Dimension.COUNTRY].slices, {CASH, UNKNOWN}),
        Rule.CASH_SHARE: cash[0] if cash else Slice(CASH, "Cash"),
        Rule.COST_SHARE: Slice("", "", value=charged),
    }
    checks = []
    for rule, threshold in thresholds.items():
        found = heaviest[rule]
        value = ZERO if found is None else found.value
        share = weight(value, total)
        checks.append(
            RiskCheck(
                rule=rule,
                subject=found.label if found and rule not in NAMED else "",
                value=value,
                share_pct=share,
                maximum_pct=threshold.maximum_pct,
                source=threshold.source,
                reason=reason_of(share, total),
            )
        )
    return checks


# Rules whose subject is in their name.
NAMED: Final = frozenset({Rule.CASH_SHARE, Rule.COST_SHARE})


def largest(slices: Iterable[Slice], left_out: set[str]) -> Slice | None:
    """The first of those that come by value."""
    return next((one for one in slices if one.key not in left_out), None)


def reason_of(share: Decimal | None, total: Decimal | None) -> str:
    if share is not None:
        return ""
    return "no_price" if total is None else "no_capital"
