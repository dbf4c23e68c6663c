"""Entries by which a dividend becomes a claim, and by which the claim ends. Pure.

A dividend of 26 USD posts +26 USD to the accrued money and -26 USD to the income that is not paid
yet, as the ex-date begins, and the opposite on the day on which it is paid.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from portfolio.bookkeeping.drafts import EntryDraft, EntryKind, LedgerAccountKind, PostingDraft


def claim_entry(
    *,
    entry_id: UUID,
    portfolio_id: UUID,
    kind: EntryKind,
    external_id: str,
    occurred_at: datetime,
    currency: str,
    instrument_id: int,
    amount: Decimal,
    note: str = "",
) -> EntryDraft:
    """A dividend accrues, or a claim to it ends; ``amount`` > 0, and the kind says which.

    The payment itself is a dividend of its own, so that it is the same whether or not there was
    a claim before it.

    Raises:
        ValueError: the kind is neither of the two.
    """
    if kind not in EntryKind.claims():
        raise ValueError(f"kind was {kind}, must be accrual or accrual_paid")
    accrued = amount if kind == EntryKind.ACCRUAL else -amount
    return EntryDraft(
        id=entry_id,
        portfolio_id=portfolio_id,
        kind=kind,
        external_id=external_id,
        occurred_at=occurred_at,
        currency=currency,
        instrument_id=instrument_id,
        amount=amount,
        note=note,
        postings=(
            PostingDraft(LedgerAccountKind.ACCRUED, accrued, currency),
            PostingDraft(LedgerAccountKind.UNPAID, -accrued, currency),
        ),
    )
