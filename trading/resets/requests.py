"""Asking for a paper portfolio to begin anew: what a page, the API and a script call alike.

The wish is recorded and the working orders are asked to end; from then on the portfolio places
no new ones. When the matcher has ended the last, it is carried out; see ``carrying_out``.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.errors import Problem
from market.values import plain
from portfolio.errors import PortfolioError, PortfolioRefused
from portfolio.models import Portfolio, PortfolioKind
from portfolio.portfolios import CASH_MAXIMUM, is_money
from trading.changing.cancellation import cancel_orders
from trading.models import PortfolioReset


class ResetPending(PortfolioError):
    """The portfolio is being reset already."""

    code = "reset_pending"

    def __init__(self, *, reset_id: UUID) -> None:
        super().__init__("The portfolio is being reset already; its orders are ending.")
        self.reset_id = reset_id


@transaction.atomic
def request_reset(
    *, portfolio: Portfolio, starting_cash: Decimal, requested_at: datetime, actor_id: UUID
) -> PortfolioReset:
    """Let a paper portfolio begin anew with that cash as soon as its orders have ended.

    Raises:
        PortfolioRefused: it is no paper portfolio, or the cash is no amount of money.
        ResetPending: it is being reset already.
    """
    portfolio = Portfolio.objects.select_for_update(no_key=True).get(id=portfolio.id)
    if problems := find_problems(portfolio, starting_cash):
        raise PortfolioRefused(problems)
    if pending := PortfolioReset.objects.pending().filter(portfolio=portfolio).first():
        raise ResetPending(reset_id=pending.id)
    reset = PortfolioReset.objects.create(
        portfolio=portfolio,
        starting_cash=starting_cash,
        requested_at=requested_at,
        requested_by_id=actor_id,
    )
    ending = cancel_orders(portfolio_id=portfolio.id, requested_at=requested_at, actor_id=actor_id)
    audit.record(
        action="portfolio.reset_requested",
        owner_id=portfolio.owner_id,
        target="portfolio",
        target_id=str(portfolio.id),
        after={"reset": reset.id, "starting_cash": starting_cash, "orders_ending": len(ending)},
        occurred_at=requested_at,
    )
    transaction.on_commit(request_carrying_out, robust=True)
    return reset


def request_carrying_out() -> None:
    """Have it done soon. The task that runs every few seconds makes up for a lost message."""
    from trading.tasks import carry_out_resets  # noqa: PLC0415 - tasks import us

    # The matcher calls this as well, and waits for no broker.
    carry_out_resets.apply_async(retry=False)


def find_problems(portfolio: Portfolio, starting_cash: Decimal) -> list[Problem]:
    problems = []
    if portfolio.kind != PortfolioKind.PAPER:
        message = "Only paper portfolios are reset; a tracked one says what happened elsewhere."
        problems.append(Problem("", "not_paper", message))
    if not is_money(starting_cash):
        shown = plain(starting_cash) if starting_cash.is_finite() else str(starting_cash)
        message = f"starting_cash was {shown[:40]}, must be from 0 to {CASH_MAXIMUM:f}"
        problems.append(Problem("starting_cash", "out_of_range", message))
    return problems


def latest_reset(portfolio: Portfolio) -> PortfolioReset | None:
    """The newest wish, pending or done."""
    resets = PortfolioReset.objects.filter(portfolio=portfolio)
    return resets.order_by("-requested_at", "-id").first()
