"""How a portfolio books: which lots a sale uses, and which corporate actions book themselves."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.models import User
from portfolio.activities import request_valuations
from portfolio.bookkeeping.rebuilding import lock_units, rebuild_portfolio
from portfolio.corporate_actions.market_actions import book_market_actions
from portfolio.errors import PortfolioRefused
from portfolio.models import JournalEntry, Portfolio
from portfolio.portfolios import find_booking_problems, find_portfolio


@transaction.atomic
def change_booking(
    *,
    portfolio_id: UUID,
    owner: User,
    lot_method: str | None = None,
    booked_actions: str | None = None,
    changed_at: datetime,
) -> Portfolio:
    """Change what is given; another lot method derives all lots anew.

    Raises:
        PortfolioNotFound: the owner has no such portfolio.
        PortfolioRefused: there is no such method or choice.
    """
    portfolio = find_portfolio(portfolio_id, owner)
    method = lot_method or portfolio.lot_method
    actions = booked_actions or portfolio.booked_actions
    if problems := find_booking_problems(method, actions):
        raise PortfolioRefused(problems)
    before = {"lot_method": portfolio.lot_method, "booked_actions": portfolio.booked_actions}
    after = {"lot_method": method, "booked_actions": actions}
    if before == after:
        return portfolio
    # Balances before the portfolio's row, as whoever posts entries takes them.
    lock_units(portfolio.id)
    portfolio.lot_method, portfolio.booked_actions = method, actions
    portfolio.save(update_fields=list(after))
    if before["lot_method"] != method:
        rederive(portfolio)
    held = portfolio.positions.values_list("instrument_id", flat=True)
    book_market_actions(portfolio, list(held), at=changed_at, is_chosen_anew=True)
    audit.record(
        action="portfolio.booking_changed",
        owner_id=owner.id,
        target="portfolio",
        target_id=str(portfolio.id),
        before=before,
        after=after,
        occurred_at=changed_at,
    )
    return portfolio


def rederive(portfolio: Portfolio) -> None:
    """Lots, positions and every day's cost follow from the method."""
    rebuild_portfolio(portfolio.id)
    first = JournalEntry.objects.filter(portfolio=portfolio).order_by("occurred_at").first()
    if first is not None:
        Portfolio.objects.filter(id=portfolio.id).update(
            valuations_stale_from=first.occurred_at.date()
        )
        transaction.on_commit(partial(request_valuations, portfolio.id), robust=True)
