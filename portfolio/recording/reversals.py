"""Undoing an entry by another that posts the opposite. Nothing is ever removed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit
from portfolio.activities import (
    record_activity,
    refuse_unsettled_withdrawal,
    request_valuations,
)
from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.book_locks import was_reset_since
from portfolio.bookkeeping.entries import EntryDraft, EntryKind
from portfolio.bookkeeping.lot_keeping import rebuild_pairs
from portfolio.corporate_actions.market_actions import book_market_actions
from portfolio.corporate_actions.unit_events import Pair
from portfolio.errors import ActivityNotFound, NotReversible
from portfolio.ledger import PostedEntries, post_entries
from portfolio.models import JournalEntry, Portfolio, PortfolioKind
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.other_sides import OTHER_KINDS
from portfolio.recording.reversal_drafts import draft_reversal, postings_of

NO_ACTIVITY: Final = "There is no such activity."
BEFORE_RESET: Final = "It happened before the portfolio was reset."
# Of several at once, the event names this many.
ENTRY_IDS_NOTED: Final = 20


def reverse_entry(*, portfolio: Portfolio, entry_id: UUID, reversed_at: datetime) -> JournalEntry:
    """Undo an activity, once. Repeated, it returns the reversal that was made.

    See ``reverse_entries``, also for what is raised.
    """
    (reversal,) = reverse_entries(
        portfolio=portfolio, entry_ids=[entry_id], reversed_at=reversed_at
    )
    return reversal


@transaction.atomic
def reverse_entries(
    *,
    portfolio: Portfolio,
    entry_ids: Sequence[UUID],
    reversed_at: datetime,
    report: Callable[[int], None] | None = None,
) -> list[JournalEntry]:
    """Undo activities, all or none.

    A reversal takes effect when its entry did, so history reads as if neither had been. The
    other side of a transfer between two of the owner's portfolios is undone with it.

    Args:
        report: is told how many are undone so far.

    Returns:
        The reversals, in the order of the ids; for what was reversed before, the one made then.

    Raises:
        NotReversible: the portfolio has no such activity, or it is a trade of the paper market.
        InsufficientFunds: the money of a paper deposit is spent.
    """
    entries = find_reversible(portfolio, entry_ids)
    sides = [side for entry in entries for side in other_side(entry, portfolio)]
    undone = list({entry.id: entry for entry in [*entries, *sides]}.values())
    postings = postings_of(undone)
    drafts = [draft_reversal(one, postings[one.id]) for one in undone]
    size = max(len(drafts), 1) if report is None else settings.LIMITS.import_batch_rows
    posted = post_in_parts(drafts, size, report or unheard, reversed_at=reversed_at)
    if posted.new:
        if was_reset_since(portfolio):
            raise NotReversible(BEFORE_RESET)
        follow_up(portfolio, undone, posted.new, reversed_at=reversed_at)
    ids = [posted.entry_id(draft) for draft in drafts[: len(entries)]]
    found = JournalEntry.objects.select_related("instrument").in_bulk(ids)
    return [found[reversal_id] for reversal_id in ids]


def post_in_parts(
    drafts: Sequence[EntryDraft],
    size: int,
    report: Callable[[int], None],
    *,
    reversed_at: datetime,
) -> PostedEntries:
    """Post them, and tell after each part how many are in the books."""
    new: list[EntryDraft] = []
    repeated: dict[UUID, UUID] = {}
    for start in range(0, len(drafts), size):
        posted = post_entries(drafts[start : start + size], recorded_at=reversed_at)
        new += posted.new
        repeated |= posted.repeated
        report(min(start + size, len(drafts)))
    return PostedEntries(new=tuple(new), repeated=repeated)


def unheard(_undone: int) -> None:
    """Report to nobody: the answer comes at once."""


def follow_up(
    portfolio: Portfolio,
    undone: Sequence[JournalEntry],
    new: Sequence[EntryDraft],
    *,
    reversed_at: datetime,
) -> None:
    """Have everything that follows from the entries follow from their absence."""
    newly = {draft.reverses_id for draft in new}
    entries = [entry for entry in undone if entry.id in newly]
    deposits = [entry.amount or ZERO for entry in entries if entry.kind == EntryKind.DEPOSIT]
    if portfolio.kind == PortfolioKind.PAPER and deposits:
        refuse_unsettled_withdrawal(portfolio, withdrawn=sum(deposits, ZERO))
    rebuild_pairs({pair for entry in entries for pair in pairs_of(entry)})
    touched: dict[UUID, set[int]] = defaultdict(set)
    for entry in entries:
        touched[entry.portfolio_id].update({entry.instrument_id or 0} - {0})
    for one in Portfolio.objects.filter(id__in=touched).order_by("id"):
        if touched[one.id]:
            book_market_actions(one, sorted(touched[one.id]), at=reversed_at)
        transaction.on_commit(partial(request_valuations, one.id), robust=True)
    note_reversal(portfolio, entries, new[0], reversed_at=reversed_at)


@transaction.atomic
def replace_activity(
    *, portfolio: Portfolio, entry_id: UUID, activity: ActivityDraft, recorded_at: datetime
) -> JournalEntry:
    """Undo an activity and record another in its place, both or neither.

    Raises:
        ActivityRefused, EntryConflict, InsufficientFunds: see ``record_activities``.
        NotReversible: see ``reverse_entry``.
    """
    reverse_entry(portfolio=portfolio, entry_id=entry_id, reversed_at=recorded_at)
    return record_activity(portfolio=portfolio, activity=activity, recorded_at=recorded_at)


def other_side(entry: JournalEntry, portfolio: Portfolio) -> list[JournalEntry]:
    """The entry of another portfolio of the same owner that was recorded together with it."""
    if entry.kind not in (EntryKind.TRANSFER_IN, EntryKind.TRANSFER_OUT):
        return []
    others = JournalEntry.objects.filter(
        kind=OTHER_KINDS[entry.kind],
        external_id=entry.external_id,
        instrument=entry.instrument,
        portfolio__owner_id=portfolio.owner_id,
        reversed_by=None,
    )
    return list(others.exclude(portfolio=portfolio).order_by("id")[:1])


def pairs_of(entry: JournalEntry) -> list[Pair]:
    """The pairs whose lots the entry has a part in."""
    if entry.kind not in EntryKind.unit_changes():
        return []
    touched = (entry.instrument_id, entry.source_instrument_id)
    return [(entry.portfolio_id, one) for one in touched if one is not None]


def note_reversal(
    portfolio: Portfolio,
    entries: Sequence[JournalEntry],
    first: EntryDraft,
    *,
    reversed_at: datetime,
) -> None:
    """One event for all that were undone at once."""
    after: dict[str, object] = {"entry_id": first.reverses_id, "reversed_by": first.id}
    if len(entries) > 1:
        noted = [entry.id for entry in entries[:ENTRY_IDS_NOTED]]
        after |= {"entries": len(entries), "entry_ids": noted}
    audit.record(
        action="activity.reversed",
        owner_id=portfolio.owner_id,
        target="portfolio",
        target_id=str(portfolio.id),
        after=after,
        occurred_at=reversed_at,
    )


def portfolio_of(entry_id: UUID) -> UUID:
    """Which portfolio an entry is of; whether somebody may know of it is for the caller to ask.

    Raises:
        ActivityNotFound: there is no such entry.
    """
    found = JournalEntry.objects.filter(id=entry_id).values_list("portfolio_id", flat=True).first()
    if found is None:
        raise ActivityNotFound(NO_ACTIVITY)
    return found


def find_reversible(portfolio: Portfolio, entry_ids: Sequence[UUID]) -> list[JournalEntry]:
    """Raises:
    NotReversible: one of them cannot be undone.
    """
    found = JournalEntry.objects.filter(portfolio=portfolio).in_bulk(entry_ids)
    if len(found) < len(set(entry_ids)):
        raise NotReversible("There is no such entry.")
    for entry in found.values():
        if entry.kind not in EntryKind.activities():
            raise NotReversible(f"A {entry.kind} is bookkeeping and cannot be reversed by itself.")
        if entry.kind in EntryKind.unit_changes() and portfolio.kind == PortfolioKind.PAPER:
            raise NotReversible("A trade of the paper market is final.")
        if entry.occurred_at <= portfolio.counts_from:
            raise NotReversible(BEFORE_RESET)
    return [found[entry_id] for entry_id in dict.fromkeys(entry_ids)]
