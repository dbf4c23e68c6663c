"""Setting what a portfolio pays for its orders: what page and API call alike.

An order keeps the schedule it was placed under, so a change concerns later orders alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.errors import Problem, ProblemsError
from market.values import plain
from portfolio.models import Portfolio, PortfolioKind
from trading.commissions import Schedule, schedule_of
from trading.errors import TradingError
from trading.models import CommissionTerms

# The largest part, and how many decimal places it may have.
BOUNDS: Final[dict[str, tuple[Decimal, int]]] = {
    "per_share": (Decimal(1_000), 6),
    "per_order": (Decimal(1_000_000), 2),
    "rate_bps": (Decimal(1_000), 4),
    "minimum": (Decimal(1_000_000), 2),
    "maximum": (Decimal(1_000_000), 2),
}


class CommissionRefused(TradingError, ProblemsError):
    """The schedule makes no sense; ``problems`` names each reason by field."""

    code = "commission_refused"


def schedule_for(portfolio: Portfolio) -> Schedule:
    """What the portfolio's next order pays."""
    terms = CommissionTerms.objects.filter(portfolio=portfolio).first()
    return schedule_of(terms.schedule if terms else settings.COMMISSION_SCHEDULE)


@transaction.atomic
def set_commission(*, portfolio_id: UUID, schedule: Schedule, changed_at: datetime) -> Schedule:
    """Let the orders of a paper portfolio pay by this schedule from now on.

    Raises:
        CommissionRefused: a part is negative, too large or too fine, or the portfolio trades
            elsewhere.
    """
    portfolio = Portfolio.objects.select_for_update(no_key=True).get(id=portfolio_id)
    problems = list(find_problems(schedule))
    if portfolio.kind != PortfolioKind.PAPER:
        problems.append(Problem("", "not_tradable", "Only paper portfolios place orders here."))
    if problems:
        raise CommissionRefused(problems)
    before = schedule_for(portfolio)
    CommissionTerms.objects.update_or_create(
        portfolio=portfolio, defaults={"schedule": schedule.text, "changed_at": changed_at}
    )
    if before.text != schedule.text:
        audit.record(
            action="commission.changed",
            owner_id=portfolio.owner_id,
            target="portfolio",
            target_id=str(portfolio.id),
            before={"schedule": before.text},
            after={"schedule": schedule.text},
            occurred_at=changed_at,
        )
    return schedule


def find_problems(schedule: Schedule) -> Iterator[Problem]:
    for field, (largest, places) in BOUNDS.items():
        part: Decimal | None = getattr(schedule, field)
        if part is None:
            continue
        if not part.is_finite() or not 0 <= part <= largest:
            message = f"{field} must be from 0 to {plain(largest)}."
            yield Problem(field, "out_of_range", message)
        elif part != round(part, places):
            yield Problem(field, "too_fine", f"{field} has at most {places} decimal places.")
    if schedule.maximum is not None and schedule.maximum < schedule.minimum:
        yield Problem("maximum", "below_minimum", "maximum must not be below minimum.")
