"""What somebody looks for in a journal: kinds, an instrument, a period, words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

from portfolio.bookkeeping.drafts import EntryKind
from portfolio.models import JournalEntry

WORDS_MAXIMUM: Final = 100  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySearch:
    """What is empty or None narrows nothing."""

    kinds: tuple[EntryKind, ...] = ()
    instrument_id: int | None = None
    start_at: datetime | None = None  # included
    end_at: datetime | None = None  # excluded
    words: str = ""  # in the note or the external id, whatever their case

    def facts(self) -> Mapping[str, Any]:
        """What a cursor of the list is bound to."""
        return asdict(self)


EVERYTHING: Final = EntrySearch()


def matching(
    entries: QuerySet[JournalEntry, JournalEntry], wanted: EntrySearch
) -> QuerySet[JournalEntry, JournalEntry]:
    """Narrow entries down. A spin-off is found by either of its two instruments."""
    if wanted.kinds:
        entries = entries.filter(kind__in=[kind.value for kind in wanted.kinds])
    if wanted.instrument_id is not None:
        entries = entries.filter(
            Q(instrument=wanted.instrument_id) | Q(source_instrument=wanted.instrument_id)
        )
    if wanted.start_at is not None:
        entries = entries.filter(occurred_at__gte=wanted.start_at)
    if wanted.end_at is not None:
        entries = entries.filter(occurred_at__lt=wanted.end_at)
    if wanted.words:
        entries = entries.filter(
            Q(note__icontains=wanted.words) | Q(external_id__icontains=wanted.words)
        )
    return entries
