"""Which rows of a file are in the books already. Counts matter: three alike are three. Pure.

A row with an id of its source repeats an entry of the same id; where a source gives all parts of
one order the same id, their contents decide which is which. A row repeats an entry of the same
content else, at the same moment, or on the same day where one of them knows no time. What was set
right on the page is known by what it was before as well, where no row repeats it as it is.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from portfolio.recording.external_ids import CORRECTED, base_of

MIDNIGHT: Final = time()


@dataclass(frozen=True, slots=True)
class Content:
    """What happened, apart from when exactly; numbers as the ledger keeps them."""

    portfolio_id: UUID
    kind: str
    instrument_id: int | None
    quantity: Decimal | None
    amount: Decimal | None
    fees: Decimal
    taxes: Decimal
    currency: str


class Traits(NamedTuple):
    """What of an entry decides whether a row may repeat it."""

    source: str
    lacks_time: bool


@dataclass(slots=True)
class Happening:
    """A row, or an entry. ``id`` is the entry's, or the row's place in the file."""

    id: UUID | int
    external_id: str
    occurred_at: datetime
    content: Content
    is_own_id: bool = True  # the id was given by a source, and not made up here
    is_former: bool = False  # an entry as it was before it was set right

    @property
    def day(self) -> date:
        return self.occurred_at.astimezone(UTC).date()

    @property
    def lacks_time(self) -> bool:
        return self.occurred_at.astimezone(UTC).time() == MIDNIGHT

    @property
    def traits(self) -> Traits:
        return Traits(self.source, self.lacks_time)

    @property
    def base_id(self) -> str:
        return base_of(self.external_id)

    @property
    def is_corrected(self) -> bool:
        """Whether it took the place of an entry that was set right."""
        return self.is_former or CORRECTED in self.external_id

    @property
    def source(self) -> str:
        """Who gave the id; two of one source with different ids are two."""
        return self.external_id.partition(":")[0] if self.is_own_id and self.external_id else ""


def find_repeats(rows: Iterable[Happening], entries: Iterable[Happening]) -> dict[int, UUID]:
    """By place of the row the entry that it repeats; no entry is repeated by two rows."""
    known = list(entries)
    matching = Matching(list(rows), [one for one in known if not one.is_former])
    matching.match(lambda one: by_id(one, (one.occurred_at, one.content)))
    matching.match(lambda one: by_id(one, one.content))
    matching.match(lambda one: by_id(one, ()))
    match_contents(matching)
    repeated = set(matching.found.values())
    matching.entries = [one for one in known if one.is_former and one.id not in repeated]
    match_contents(matching)
    return matching.found


def match_contents(matching: Matching) -> None:
    matching.match(lambda one: (one.occurred_at, one.content), is_allowed=may_be_same)
    matching.match(lambda one: (one.day, one.content), is_allowed=may_be_same_day)


def by_id(one: Happening, more: Hashable) -> Hashable | None:
    """A key of the id and more; ``None`` for what has no id of its own."""
    if not one.external_id or not one.is_own_id:
        return None
    return (one.content.portfolio_id, one.base_id, more)


def may_be_same(row: Happening, entry: Traits) -> bool:
    return not row.source or row.source != entry.source


def may_be_same_day(row: Happening, entry: Traits) -> bool:
    return may_be_same(row, entry) and (row.lacks_time or entry.lacks_time)


def always(row: Happening, entry: Traits) -> bool:
    return True


class Matching:
    """Rows and entries that have not found each other yet."""

    def __init__(self, rows: Sequence[Happening], entries: Sequence[Happening]) -> None:
        self.rows = list(rows)
        self.entries = list(entries)
        self.found: dict[int, UUID] = {}

    def match(
        self,
        key: Callable[[Happening], Hashable | None],
        *,
        is_allowed: Callable[[Happening, Traits], bool] = always,
    ) -> None:
        """Pair rows and entries of the same key, as many as there are of both."""
        waiting: dict[Hashable, dict[Traits, deque[Happening]]] = defaultdict(dict)
        for entry in self.entries:
            if (of_entry := key(entry)) is not None:
                waiting[of_entry].setdefault(entry.traits, deque()).append(entry)
        left = []
        for row in self.rows if waiting else ():
            # There are few traits, so this stays fast where all rows are alike.
            alike = waiting.get(key(row)) or {}
            traits = next((one for one in alike if is_allowed(row, one)), None)
            if traits is None:
                left.append(row)
                continue
            self.found[int(str(row.id))] = UUID(str(alike[traits].popleft().id))
            if not alike[traits]:
                del alike[traits]
        self.rows = left if waiting else self.rows
        taken = set(self.found.values())
        self.entries = [entry for entry in self.entries if entry.id not in taken]
