"""The entry that posts the opposite of another."""

from __future__ import annotations

from accounts.identifiers import new_id
from portfolio.drafts import EntryDraft, EntryKind, LedgerAccountKind, PostingDraft
from portfolio.models import JournalEntry, Posting


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
        settled_currency=entry.settled_currency,
        base_rate=entry.base_rate,
        local_rate=entry.local_rate,
        ratio_from=entry.ratio_from,
        ratio_to=entry.ratio_to,
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
