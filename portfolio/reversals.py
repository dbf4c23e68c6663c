"""Undoing an entry by another that posts the opposite. Nothing is ever removed."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.identifiers import new_id
from portfolio.activities import refuse_unsettled_withdrawal, request_valuations
from portfolio.amounts import ZERO
from portfolio.bookkeeping import rebuild_pairs
from portfolio.entries import EntryDraft, EntryKind, LedgerAccountKind, PostingDraft
from portfolio.errors import NotReversible
from portfolio.ledger import post_entries
from portfolio.models import JournalEntry, Portfolio, PortfolioKind, Posting


@transaction.atomic
def reverse_entry(*, portfolio: Portfolio, entry_id: UUID, reversed_at: datetime) -> JournalEntry:
    """Undo an activity, once. Repeated, it returns the reversal that was made.

    The reversal takes effect when the entry did, so history reads as if neither had been.

    Raises:
        NotReversible: the portfolio has no such activity, or it is a trade of the paper market.
        InsufficientFunds: the money of a paper deposit is spent.
        InsufficientUnits: units of a reversed purchase were sold.
    """
    entry = find_reversible(portfolio, entry_id)
    draft = draft_reversal(entry)
    posted = post_entries([draft], recorded_at=reversed_at)
    if posted.new:
        if entry.kind == EntryKind.DEPOSIT and portfolio.kind == PortfolioKind.PAPER:
            refuse_unsettled_withdrawal(portfolio, withdrawn=draft.amount or ZERO)
        if entry.kind in EntryKind.trades() and entry.instrument_id is not None:
            rebuild_pairs([(portfolio.id, entry.instrument_id)])
        transaction.on_commit(partial(request_valuations, portfolio.id), robust=True)
        audit.record(
            action="activity.reversed",
            owner_id=portfolio.owner_id,
            target="portfolio",
            target_id=str(portfolio.id),
            after={"entry_id": entry.id, "reversed_by": draft.id},
            occurred_at=reversed_at,
        )
    return JournalEntry.objects.select_related("instrument").get(id=posted.entry_id(draft))


def find_reversible(portfolio: Portfolio, entry_id: UUID) -> JournalEntry:
    entry = JournalEntry.objects.filter(portfolio=portfolio, id=entry_id).first()
    if entry is None:
        raise NotReversible("There is no such entry.")
    if entry.kind not in EntryKind.activities():
        raise NotReversible(f"A {entry.kind} is bookkeeping and cannot be reversed by itself.")
    if entry.kind in EntryKind.trades() and portfolio.kind == PortfolioKind.PAPER:
        raise NotReversible("A trade of the paper market is final.")
    return entry


def draft_reversal(entry: JournalEntry) -> EntryDraft:
    postings = Posting.objects.filter(entry=entry).select_related("ledger_account").order_by("id")
    return EntryDraft(
        id=new_id(),
        portfolio_id=entry.portfolio_id,
        kind=EntryKind.REVERSAL,
        external_id=f"reversal:{entry.id}",
        occurred_at=entry.occurred_at,
        currency=entry.currency,
        instrument_id=entry.instrument_id,
        quantity=entry.quantity,
        unit_price=entry.unit_price,
        amount=entry.amount,
        fees=entry.fees,
        taxes=entry.taxes,
        exchange_rate=entry.exchange_rate,
        note=f"Reversal of {entry.external_id}",
        reverses_id=entry.id,
        postings=tuple(
            PostingDraft(
                LedgerAccountKind(posting.ledger_account.kind),
                -posting.amount,
                posting.ledger_account.currency,
                posting.ledger_account.instrument_id,
            )
            for posting in postings
        ),
    )
