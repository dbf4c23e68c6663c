"""Entries by which everything leaves a portfolio that is reset. Pure.

They are adjustments out of the asset accounts into the reset account: what was owned goes, and
the account says where to. A position of 10 units posts -10 units to the settled units and +10 to
the reset account; cash of 500 USD posts -500 USD and +500 USD.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from portfolio.bookkeeping.drafts import (
    BalanceKey,
    EntryDraft,
    EntryKind,
    LedgerAccountKind,
    PostingDraft,
)
from portfolio.bookkeeping.entries import cash_entry
from portfolio.bookkeeping.unit_entries import delivery_entry

NOTE: Final = "Portfolio reset"


def closing_entry(
    commodity: BalanceKey,
    amount: Decimal,
    *,
    account: LedgerAccountKind = LedgerAccountKind.SETTLED,
    entry_id: UUID,
    external_id: str,
    occurred_at: datetime,
    currency: str,
) -> EntryDraft:
    """Let all of one commodity leave; units go at their cost and realise nothing.

    Args:
        amount: what there is of it; of cash < 0 where it is owed.
        account: the asset account in which it is.
        currency: the portfolio's.
    """
    if commodity.instrument_id is None:
        draft = cash_entry(
            entry_id=entry_id,
            portfolio_id=commodity.portfolio_id,
            kind=EntryKind.ADJUSTMENT,
            external_id=external_id,
            occurred_at=occurred_at,
            currency=commodity.currency,
            amount=-amount,
            note=NOTE,
        )
    else:
        draft = delivery_entry(
            entry_id=entry_id,
            portfolio_id=commodity.portfolio_id,
            kind=EntryKind.ADJUSTMENT,
            external_id=external_id,
            occurred_at=occurred_at,
            currency=currency,
            instrument_id=commodity.instrument_id,
            quantity=-amount,
            note=NOTE,
        )
    return replace(draft, postings=tuple(_moved(one, account) for one in draft.postings))


def _moved(posting: PostingDraft, account: LedgerAccountKind) -> PostingDraft:
    kinds = {
        LedgerAccountKind.SETTLED: account,
        LedgerAccountKind.EQUITY: LedgerAccountKind.RESET,
    }
    return replace(posting, kind=kinds.get(posting.kind, posting.kind))
