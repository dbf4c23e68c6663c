"""The entry that posts the opposite of another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from accounts.identifiers import new_id
from portfolio.bookkeeping.drafts import EntryDraft, EntryKind, LedgerAccountKind, PostingDraft
from portfolio.models import JournalEntry, Posting


def postings_of(entries: Sequence[JournalEntry]) -> Mapping[UUID, list[Posting]]:
    """The postings of all of them, by entry, in one query."""
    rows = Posting.objects.filter(entry__in=[entry.id for entry in entries])
    found: dict[UUID, list[Posting]] = defaultdict(list)
    for posting in rows.select_related("ledger_account").order_by("id"):
        found[posting.entry_id].append(posting)
    return found


def draft_reversal(entry: JournalEntry, postings: Iterable[Posting] | None = None) -> EntryDraft:
    """Its postings are read where they are not given."""
    if postings is None:
        postings = postings_of([entry])[entry.id]
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
