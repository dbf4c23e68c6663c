"""Taking everything out of a portfolio by entries, and beginning anew with cash."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from accounts.identifiers import new_id
from portfolio.activities import request_valuations
from portfolio.bookkeeping.balances import LockedBalance
from portfolio.bookkeeping.book_locks import lock_books
from portfolio.bookkeeping.closing_entries import closing_entry
from portfolio.bookkeeping.drafts import EntryDraft, LedgerAccountKind
from portfolio.bookkeeping.entries import deposit_entry
from portfolio.bookkeeping.lot_keeping import apply_trades
from portfolio.errors import PortfolioError
from portfolio.ledger import post_entries
from portfolio.models import JournalEntry, Portfolio
from portfolio.valuation import forget_valuations

ONE_MOMENT: Final = timedelta(microseconds=1)


class BooksNotAtRest(PortfolioError):
    """Something is still reserved, or on its way, so not everything can leave."""

    code = "books_not_at_rest"


@transaction.atomic
def begin_anew(
    portfolio: Portfolio, *, starting_cash: Decimal, reference: UUID, at: datetime
) -> Portfolio:
    """Let everything leave by entries, pay the new cash in, and count from then on.

    Values, returns and gains begin at the moment of the entries; those of before are forgotten,
    while journal, lots, orders and fills stay what they were.

    Args:
        reference: names the act, so that its entries are written once.

    Raises:
        BooksNotAtRest: an order holds something, or a settlement is due.
    """
    balances = lock_books(portfolio)
    if any(one.held or one.to_receive or one.to_deliver for one in balances):
        raise BooksNotAtRest("Something is reserved or not settled yet.")
    moment = _after_everything(portfolio, at)
    drafts = list(_closing_entries(portfolio, balances, reference=reference, at=moment))
    if starting_cash:
        drafts.append(
            deposit_entry(
                entry_id=new_id(),
                portfolio_id=portfolio.id,
                external_id=f"reset:{reference}:starting-cash",
                occurred_at=moment + ONE_MOMENT,
                currency=portfolio.currency,
                amount=starting_cash,
                note="Starting cash",
            )
        )
    apply_trades(post_entries(drafts, recorded_at=at).new)
    portfolio.reset_at, portfolio.valuations_stale_from = moment, None
    portfolio.save(update_fields=["reset_at", "valuations_stale_from"])
    forget_valuations(portfolio)
    transaction.on_commit(partial(request_valuations, portfolio.id), robust=True)
    return portfolio


def _after_everything(portfolio: Portfolio, at: datetime) -> datetime:
    """``at``, or later: what leaves must have come before."""
    latest = JournalEntry.objects.filter(portfolio=portfolio).aggregate(at=Max("occurred_at"))["at"]
    return at if latest is None else max(at, latest + ONE_MOMENT)


def _closing_entries(
    portfolio: Portfolio, balances: Iterable[LockedBalance], *, reference: UUID, at: datetime
) -> Iterable[EntryDraft]:
    """What has accrued leaves like the rest: nothing of before is paid any more."""
    for balance in balances:
        what = balance.key.currency or str(balance.key.instrument_id)
        parts = (
            (LedgerAccountKind.SETTLED, balance.settled, what),
            (LedgerAccountKind.ACCRUED, balance.accrued, f"{what}:accrued"),
        )
        for account, amount, name in parts:
            if amount:
                yield closing_entry(
                    balance.key,
                    amount,
                    account=account,
                    entry_id=new_id(),
                    external_id=f"reset:{reference}:{name}",
                    occurred_at=at,
                    currency=portfolio.currency,
                )
