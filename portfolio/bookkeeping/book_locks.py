"""Keeping all that a portfolio has as it is until a transaction ends."""

from __future__ import annotations

from portfolio.bookkeeping.balances import LockedBalance, ensure_balances, lock_balances
from portfolio.bookkeeping.drafts import BalanceKey
from portfolio.models import LedgerBalance, Portfolio, PortfolioKind


def lock_books(portfolio: Portfolio) -> list[LockedBalance]:
    """Have whatever would change what the portfolio has wait until the transaction ends."""
    ensure_balances({BalanceKey(portfolio.id, portfolio.currency)})
    ids = LedgerBalance.objects.filter(portfolio=portfolio).values_list("id", flat=True)
    return list(lock_balances(ids).values())


def was_reset_since(portfolio: Portfolio) -> bool:
    """Whether the portfolio was reset since it was read.

    The caller holds the lock of one of its balances, so that until his transaction ends it is not.
    What he worked out of the time before is to be posted no more: all of that has left.
    """
    if portfolio.kind != PortfolioKind.PAPER:
        return False
    now = Portfolio.objects.values_list("reset_at", flat=True).get(id=portfolio.id)
    return now != portfolio.reset_at
