"""Which entries ought to stand for what is due, and which do.

A split is one entry, on its ex-date. A dividend is one on its pay date; where that comes later than
the ex-date, the claim to it is in the books from the ex-date on, by an entry that makes it and one
that ends it with the payment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from market.models import CorporateAction
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.corporate_actions.due_actions import ONE_DAY, Due
from portfolio.models import JournalEntry, Portfolio

OURS: Final = "market:"  # what begins the external ids of these entries
# A dividend that is reported this long after its pay date is still that one.
REPORTED_WITHIN: Final = timedelta(days=30)
NAME_PARTS: Final = 5  # market:<what>:<ex-date>:<action>:<which booking of it>

Fact = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Booking:
    """An entry that ought to stand at a moment."""

    kind: EntryKind
    due: Due
    at: datetime

    @property
    def what(self) -> str:
        """Which part of its external id says what it is: a special dividend is not the regular."""
        return self.kind.value if self.kind in EntryKind.claims() else self.due.action.kind

    @property
    def lead(self) -> str:
        """How its external id begins, however often it was booked."""
        action = self.due.action
        return f"{OURS}{self.what}:{action.ex_date}:{action.id}:"

    @property
    def fact(self) -> Fact:
        """What the entry says; another fact is another entry."""
        action, told = self.due.action, (self.kind.value, self.due.action.instrument_id, self.at)
        if action.is_split:
            return (*told, Decimal(action.ratio_from or 1), Decimal(action.ratio_to or 1))
        whose = action.id if self.kind in EntryKind.claims() else self.what
        return (*told, self.due.amount, action.currency, str(action.ex_date), whose)


def entry_fact(entry: JournalEntry) -> Fact:
    """The same of an entry of ours."""
    told = (entry.kind, entry.instrument_id, entry.occurred_at)
    if entry.kind == EntryKind.SPLIT:
        return (*told, entry.ratio_from, entry.ratio_to)
    _, what, ex_date, *_ = entry.external_id.split(":")
    whose = action_of(entry) if entry.kind in EntryKind.claims() else what
    return (*told, entry.amount, entry.currency, ex_date, whose)


def bookings_of(due: Due, standing: Standing, *, at: datetime) -> Iterator[Booking]:
    """What ought to stand of it at a moment.

    What the investor reported himself is not booked again. The claim to a dividend that he
    reported ends with the payment as he reported it.
    """
    told = standing.reports_of(due)
    if due.action.is_split:
        found = [] if told else [Booking(EntryKind.SPLIT, due, due.ex_at)]
    else:
        later = [moment for moment in told if moment > due.accrues_at]
        paid_at = min(later or told, default=due.booked_at)
        found = [] if told else [Booking(EntryKind.DIVIDEND, due, paid_at)]
        if paid_at > due.accrues_at:
            found.append(Booking(EntryKind.ACCRUAL, due, due.accrues_at))
            found.append(Booking(EntryKind.ACCRUAL_PAID, due, paid_at))
    return (one for one in found if one.at <= at)


@dataclass(frozen=True, slots=True)
class Standing:
    """Splits, dividends and claims that nobody reversed, by who booked them.

    ``reported`` are those of the investor, by kind and instrument, each when it happened.
    """

    ours: Sequence[JournalEntry]
    reported: Mapping[tuple[str, int | None], Sequence[datetime]]

    def reports_of(self, due: Due) -> list[datetime]:
        """When the investor says that it happened: about that day, of the same instrument."""
        kind = EntryKind.SPLIT if due.action.is_split else EntryKind.DIVIDEND
        begin = due.ex_at - ONE_DAY
        until = due.booked_at + (2 * ONE_DAY if due.action.is_split else REPORTED_WITHIN)
        moments = self.reported.get((kind.value, due.action.instrument_id), ())
        return [moment for moment in moments if begin <= moment <= until]


def standing_entries(portfolio: Portfolio, instrument_ids: Collection[int]) -> Standing:
    """Two queries. A reset took out what was made of earlier actions."""
    entries = JournalEntry.objects.filter(
        portfolio=portfolio,
        instrument__in=list(instrument_ids),
        kind__in=[kind.value for kind in EntryKind.of_the_market()],
        reversed_by=None,
        occurred_at__gt=portfolio.counts_from,
    )
    found = list(entries.order_by("occurred_at", "id"))
    here = known_actions(found)
    reported: defaultdict[tuple[str, int | None], list[datetime]] = defaultdict(list)
    for entry in found:
        if action_of(entry) not in here:
            reported[entry.kind, entry.instrument_id].append(entry.occurred_at)
    return Standing([entry for entry in found if action_of(entry) in here], reported)


def known_actions(entries: Iterable[JournalEntry]) -> set[UUID | None]:
    """Ids of actions of this desk's that entries came of.

    What is brought back from another desk names actions that have other ids here. It is what the
    investor reports, and stays whatever is known here.
    """
    named = {action_id for entry in entries if (action_id := action_of(entry))}
    if not named:
        return set()
    return set(CorporateAction.objects.filter(id__in=named).values_list("id", flat=True))


def open_claims(entries: Sequence[JournalEntry]) -> set[UUID | None]:
    """Ids of the actions whose dividends have accrued and are not paid, of entries that stand."""
    made, ended = (
        {action_of(entry) for entry in entries if entry.kind == kind} for kind in EntryKind.claims()
    )
    return made - ended


def action_of(entry: JournalEntry) -> UUID | None:
    """Which action its external id names, if it is one of these.

    What the investor put in the place of one has an id that goes on after it, and is his word.
    """
    parts = entry.external_id.split(":")
    if len(parts) != NAME_PARTS or not entry.external_id.startswith(OURS):
        return None
    if not parts[-1].isdecimal():
        return None
    try:
        return UUID(parts[3])
    except ValueError:
        return None
