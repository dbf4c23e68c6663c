"""Carrying resets out, once their portfolio has no order left: safe to run at any time, by many."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.dispatch import receiver

from accounts import audit
from portfolio.beginning_anew import begin_anew
from portfolio.bookkeeping.book_locks import lock_books
from portfolio.models import Position
from trading import broadcasts
from trading.changing.cancellation import cancel_orders
from trading.models import PortfolioReset
from trading.resets.requests import request_carrying_out
from trading.settlement import lock_promises, settle_rows
from trading.shards.changes import Changes
from trading.signals import orders_changed

logger = logging.getLogger(__name__)


class _OrdersLeft(Exception):
    """An order that was on its way when the reset was asked for works now."""


def carry_out_resets(*, at: datetime) -> int:
    """Carry out every reset whose orders have ended; return how many. One stops no other."""
    pending = PortfolioReset.objects.pending().order_by("requested_at", "id")
    count = 0
    for reset_id in list(pending.values_list("id", flat=True)):
        try:
            count += carry_out(reset_id, at=at)
        except Exception:
            logger.exception("Reset %s could not be carried out.", reset_id)
    return count


def carry_out(reset_id: UUID, *, at: datetime) -> bool:
    """Carry a reset out unless an order of the portfolio works still; say whether it was.

    One transaction: what is not settled is settled, everything leaves by entries, and the new
    cash comes in. Whoever comes second, or too early, changes nothing.
    """
    if _ask_orders_to_end(reset_id, at=at):
        return False
    try:
        with transaction.atomic():
            return _carry_out(reset_id, at=at)
    except _OrdersLeft:
        return False


def _ask_orders_to_end(reset_id: UUID, *, at: datetime) -> bool:
    """Ask those that were placed while the reset was asked for; say whether any works."""
    reset = PortfolioReset.objects.pending().filter(id=reset_id).first()
    if reset is None:
        return False
    return bool(
        cancel_orders(
            portfolio_id=reset.portfolio_id, requested_at=at, actor_id=reset.requested_by_id
        )
    )


def _carry_out(reset_id: UUID, *, at: datetime) -> bool:
    pending = PortfolioReset.objects.pending().filter(id=reset_id).select_related("portfolio")
    reset = pending.select_for_update(no_key=True, skip_locked=True, of=("self",)).first()
    if reset is None:
        return False
    portfolio = reset.portfolio
    # In the order in which settling locks them. From here on nothing can be reserved or filled.
    promises = lock_promises(portfolio.id)
    balances = lock_books(portfolio)
    if portfolio.orders.working().exists() or len(lock_promises(portfolio.id)) != len(promises):
        raise _OrdersLeft
    held = Position.objects.filter(portfolio=portfolio, quantity__gt=0).count()
    cash = sum(one.total for one in balances if one.key.currency == portfolio.currency)
    settle_rows(promises, as_of=at)
    begin_anew(portfolio, starting_cash=reset.starting_cash, reference=reset.id, at=at)
    reset.done_at = max(at, reset.requested_at)
    reset.save(update_fields=["done_at"])
    audit.record(
        action="portfolio.reset",
        owner_id=portfolio.owner_id,
        target="portfolio",
        target_id=str(portfolio.id),
        before={"cash": cash, "positions": held},
        after={"reset": reset.id, "starting_cash": reset.starting_cash},
        occurred_at=at,
    )
    transaction.on_commit(partial(broadcasts.ring, [portfolio.id]), robust=True)
    return True


@receiver(orders_changed, dispatch_uid="trading.follow_resets")
def follow_resets(*, changes: Changes, **_: Any) -> None:
    """When the matcher has ended orders of a portfolio that is being reset, go on with it."""
    if not changes.awaiting.resets.isdisjoint(changes.portfolios_of_ended()):
        transaction.on_commit(request_carrying_out, robust=True)
