"""Entries that change units without a trade, and entries whose cash is in another currency. Pure.

A delivery of 10 units posts +10 to the settled units and -10 to equity: they came from outside.
A spin-off's units come from the street. A split posts nothing by itself, because what it does
depends on what is held before it, and that may be recorded later: restatements post it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.drafts import (
    ASSET_KINDS,
    ONE,
    EntryDraft,
    EntryKind,
    LedgerAccountKind,
    LotFact,
    PostingDraft,
    in_settled,
)


def delivery_entry(
    *,
    entry_id: UUID,
    portfolio_id: UUID,
    kind: EntryKind,
    external_id: str,
    occurred_at: datetime,
    currency: str,
    instrument_id: int,
    quantity: Decimal,
    unit_price: Decimal | None = None,
    amount: Decimal | None = None,
    fees: Decimal = ZERO,
    taxes: Decimal = ZERO,
    lots: tuple[LotFact, ...] = (),
    note: str = "",
) -> EntryDraft:
    """Units that come from outside or leave; no cash moves.

    Args:
        quantity: > 0; of an adjustment < 0 where units leave.
        amount, fees, taxes: what the units had cost, of those that come.
    """
    leaves = kind == EntryKind.TRANSFER_OUT
    return EntryDraft(
        id=entry_id,
        portfolio_id=portfolio_id,
        kind=kind,
        external_id=external_id,
        occurred_at=occurred_at,
        currency=currency,
        instrument_id=instrument_id,
        quantity=quantity,
        unit_price=unit_price,
        amount=amount,
        fees=fees,
        taxes=taxes,
        lots=lots,
        note=note,
        postings=unit_postings(
            -quantity if leaves else quantity, LedgerAccountKind.EQUITY, instrument_id
        ),
    )


def split_entry(
    *,
    entry_id: UUID,
    portfolio_id: UUID,
    external_id: str,
    occurred_at: datetime,
    currency: str,
    instrument_id: int,
    ratio_from: Decimal,
    ratio_to: Decimal,
    note: str = "",
) -> EntryDraft:
    """``ratio_from`` units become ``ratio_to``; a bonus issue of 1 for 10 is 10 to 11."""
    return EntryDraft(
        id=entry_id,
        portfolio_id=portfolio_id,
        kind=EntryKind.SPLIT,
        external_id=external_id,
        occurred_at=occurred_at,
        currency=currency,
        instrument_id=instrument_id,
        ratio_from=ratio_from,
        ratio_to=ratio_to,
        note=note,
        postings=(),
    )


def spin_off_entry(
    *,
    entry_id: UUID,
    portfolio_id: UUID,
    external_id: str,
    occurred_at: datetime,
    currency: str,
    instrument_id: int,
    source_instrument_id: int,
    quantity: Decimal,
    cost_share: Decimal,
    note: str = "",
) -> EntryDraft:
    """Units of a new instrument, which take a fraction of the source's cost with them."""
    return EntryDraft(
        id=entry_id,
        portfolio_id=portfolio_id,
        kind=EntryKind.SPIN_OFF,
        external_id=external_id,
        occurred_at=occurred_at,
        currency=currency,
        instrument_id=instrument_id,
        source_instrument_id=source_instrument_id,
        quantity=quantity,
        cost_share=cost_share,
        note=note,
        postings=unit_postings(quantity, LedgerAccountKind.STREET, instrument_id),
    )


def restatement_entry(
    *,
    entry_id: UUID,
    portfolio_id: UUID,
    restates_id: UUID,
    occurred_at: datetime,
    currency: str,
    instrument_id: int,
    units: Decimal,
) -> EntryDraft:
    """What another entry is now found to have changed beyond what is posted of it."""
    return EntryDraft(
        id=entry_id,
        portfolio_id=portfolio_id,
        kind=EntryKind.RESTATEMENT,
        external_id=f"restatement:{entry_id}",
        occurred_at=occurred_at,
        currency=currency,
        instrument_id=instrument_id,
        quantity=abs(units),
        restates_id=restates_id,
        note=f"Units of {restates_id}",
        postings=unit_postings(units, LedgerAccountKind.STREET, instrument_id),
    )


def unit_postings(
    units: Decimal, contra: LedgerAccountKind, instrument_id: int
) -> tuple[PostingDraft, ...]:
    return (
        PostingDraft(LedgerAccountKind.SETTLED, units, instrument_id=instrument_id),
        PostingDraft(contra, -units, instrument_id=instrument_id),
    )


def with_money_of(
    draft: EntryDraft,
    *,
    settled_currency: str,
    exchange_rate: Decimal | None,
    base_rate: Decimal,
    local_rate: Decimal,
) -> EntryDraft:
    """The entry with its cash in the currency in which it moves, which may not be the reported.

    Each part is converted and rounded by itself, and the cash is what they leave.
    """
    is_plain = settled_currency == draft.currency and exchange_rate is None
    if is_plain and base_rate == local_rate == ONE:
        return draft  # says so by saying nothing
    told = replace(
        draft,
        settled_currency=settled_currency,
        exchange_rate=exchange_rate,
        base_rate=base_rate,
        local_rate=local_rate,
    )
    if is_plain:
        return told
    money = [posting for posting in draft.postings if posting.currency]
    contra = [
        replace(
            posting,
            amount=in_settled(posting.amount, draft.currency, exchange_rate),
            currency=settled_currency,
        )
        for posting in money
        if posting.kind not in ASSET_KINDS
    ]
    cash = -sum((posting.amount for posting in contra), ZERO)
    assets = [posting for posting in money if posting.kind in ASSET_KINDS]
    moved = [replace(one, amount=cash, currency=settled_currency) for one in assets]
    units = [posting for posting in draft.postings if not posting.currency]
    postings = [posting for posting in (*units, *moved, *contra) if posting.amount]
    return replace(told, postings=tuple(postings))
