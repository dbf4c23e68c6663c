"""How much may hang on one thing: the rules, their limits, and changing them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from django.db import transaction

from accounts import audit
from accounts.errors import Problem, ProblemsError
from accounts.models import User
from portfolio.errors import PortfolioError
from portfolio.models import Portfolio, RiskThreshold

PLACES: Final = 2
HUNDRED: Final = Decimal(100)


class Rule(StrEnum):
    """What is limited, each in percent of what the portfolio is worth."""

    LARGEST_NAME = "largest_name"  # funds are many names and left out
    LARGEST_SECTOR = "largest_sector"
    LARGEST_CURRENCY = "largest_currency"  # other than the portfolio's
    LARGEST_COUNTRY = "largest_country"
    CASH_SHARE = "cash_share"
    COST_SHARE = "cost_share"  # what was charged in a year


DEFAULTS: Final = {
    Rule.LARGEST_NAME: Decimal(20),
    Rule.LARGEST_SECTOR: Decimal(40),
    Rule.LARGEST_CURRENCY: Decimal(50),
    Rule.LARGEST_COUNTRY: Decimal(80),
    Rule.CASH_SHARE: Decimal(25),
    Rule.COST_SHARE: Decimal(1),
}


class Source(StrEnum):
    """Whose limit it is."""

    DEFAULT = "default"
    USER = "user"
    PORTFOLIO = "portfolio"


@dataclass(frozen=True, slots=True)
class Threshold:
    maximum_pct: Decimal
    source: Source


class ThresholdsRefused(PortfolioError, ProblemsError):
    """A limit is none; ``problems`` names each."""

    code = "thresholds_refused"


def thresholds_of(user: User, portfolio: Portfolio) -> dict[Rule, Threshold]:
    """A user's limit of each rule: the portfolio's own, else that of all, else the default."""
    found = {rule: Threshold(limit, Source.DEFAULT) for rule, limit in DEFAULTS.items()}
    rows = RiskThreshold.objects.filter(user=user, portfolio=None)
    for row in rows.filter(rule__in=list(Rule)):
        found[Rule(row.rule)] = Threshold(row.maximum_pct, Source.USER)
    for row in RiskThreshold.objects.filter(user=user, portfolio=portfolio, rule__in=list(Rule)):
        found[Rule(row.rule)] = Threshold(row.maximum_pct, Source.PORTFOLIO)
    return found


@transaction.atomic
def change_thresholds(
    *,
    user: User,
    portfolio: Portfolio | None,
    limits: Mapping[str, Decimal | None],
    changed_at: datetime,
) -> None:
    """Set a user's limits for a portfolio, or (None) for all of his; None takes a limit back.

    Raises:
        ThresholdsRefused: a rule is not known, or a limit is no percentage.
    """
    if problems := list(find_problems(limits)):
        raise ThresholdsRefused(problems)
    # One change of a user's limits at a time.
    User.objects.select_for_update(no_key=True).get(id=user.id)
    stored = {row.rule: row for row in RiskThreshold.objects.filter(user=user, portfolio=portfolio)}
    before = {rule: stored[rule].maximum_pct if rule in stored else None for rule in limits}
    after = {rule: None if limit is None else limit + ZERO_CENTS for rule, limit in limits.items()}
    if before == after:
        return
    RiskThreshold.objects.filter(user=user, portfolio=portfolio, rule__in=list(limits)).delete()
    RiskThreshold.objects.bulk_create(
        RiskThreshold(user=user, portfolio=portfolio, rule=rule, maximum_pct=limit)
        for rule, limit in after.items()
        if limit is not None
    )
    audit.record(
        action="risk_thresholds.changed",
        owner_id=user.id,
        target="portfolio" if portfolio else "user",
        target_id=str(portfolio.id if portfolio else user.id),
        before=before,
        after=after,
        occurred_at=changed_at,
    )


ZERO_CENTS: Final = Decimal("0.00")


def find_problems(limits: Mapping[str, Decimal | None]) -> Iterator[Problem]:
    for rule, limit in limits.items():
        if rule not in set(Rule):
            yield Problem(rule[:40], "unknown", f"must be one of {', '.join(Rule)}")
        elif limit is not None and not is_percentage(limit):
            message = f"{rule} was {limit}, must be from 0 to 100 with at most two decimal places"
            yield Problem(rule, "out_of_range", message)


def is_percentage(limit: Decimal) -> bool:
    if not limit.is_finite() or not 0 <= limit <= HUNDRED:
        return False
    exponent = limit.normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -PLACES
