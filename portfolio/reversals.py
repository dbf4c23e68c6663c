"""Undoing an entry by another that posts the opposite. Nothing is ever removed."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import audit
from portfolio.activities import (
    record_activity,
    refuse_unsettled_withdrawal,
    request_valuations,
)
from portfolio.activity_drafts import OTHER_SIDES
from portfolio.activity_rules import ActivityDraft
from portfolio.amounts import ZERO
from portfolio.bookkeeping import rebuild_pairs
from portfolio.entries import EntryDraft, EntryKind
from portfolio.errors import ActivityNotFound, NotReversible
from portfolio.ledger import post_entries
from portfolio.market_actions import book_market_actions
from portfolio.models import JournalEntry, Portfolio, PortfolioKind
from portfolio.reversal_drafts import draft_reversal
from portfolio.unit_events import Pair

NO_ACTIVITY: Final = "There is no such activity."


@transaction.atomic
def reverse_entry(*, portfolio: Portfolio, entry_id: UUID, reversed_at: datetime) -> JournalEntry:
    """Undo an activity, once. Repeated, it returns the reversal that was made.

    The reversal takes effect when the entry did, so history reads as if neither had been. The
    other side of a transfer between two of the owner's portfolios is undone with it.

    Raises:
        NotReversible: the portfolio has no such activity, or it is a trade of the paper market.
        InsufficientFunds: the money of a paper deposit is spent.
    """
    entry = find_reversible(portfolio, entry_id)
    undone = [entry, *other_side(entry, portfolio)]
    drafts = [draft_reversal(one) for one in undone]
    draft = drafts[0]
    posted = post_entries(drafts, recorded_at=reversed_at)
    if posted.new:
        if entry.kind == EntryKind.DEPOSIT and portfolio.kind == PortfolioKind.PAPER:
            refuse_unsettled_withdrawal(portfolio, withdrawn=draft.amount or ZERO)
        rebuild_pairs(pair for one in undone for pair in pairs_of(one))
        for one in undone:
            if one.instrument_id is not None:
                book_market_actions(one.portfolio, [one.instrument_id], at=reversed_at)
        for one in undone:
            transaction.on_commit(partial(request_valuations, one.portfolio_id), robust=True)
        note_reversal(portfolio, entry, draft, reversed_at=reversed_at)
    return JournalEntry.objects.select_related("instrument").get(id=posted.entry_id(draft))


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
        kind=OTHER_SIDES[entry.kind],
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
    portfolio: Portfolio, entry: JournalEntry, draft: EntryDraft, *, reversed_at: datetime
) -> None:
    audit.record(
        action="activity.reversed",
        owner_id=portfolio.owner_id,
        target="portfolio",
        target_id=str(portfolio.id),
        after={"entry_id": entry.id, "reversed_by": draft.id},
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


def find_reversible(portfolio: Portfolio, entry_id: UUID) -> JournalEntry:
    entry = JournalEntry.objects.filter(portfolio=portfolio, id=entry_id).first()
    if entry is None:
        raise NotReversible("There is no such entry.")
    if entry.kind not in EntryKind.activities():
        raise NotReversible(f"A {entry.kind} is bookkeeping and cannot be reversed by itself.")
    if entry.kind in EntryKind.unit_changes() and portfolio.kind == PortfolioKind.PAPER:
        raise NotReversible("A trade of the paper market is final.")
    return entry
