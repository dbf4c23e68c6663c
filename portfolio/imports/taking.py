"""The rows of an import on their way into the books: which are taken, and under which names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from accounts.errors import Problem
from accounts.roles import Role
from market.models import Instrument
from portfolio.bookkeeping.bulk import columns_of, execute, fetch_rows
from portfolio.bookkeeping.entries import EntryKind
from portfolio.errors import PortfolioRefused
from portfolio.imports.duplicates import find_repeats
from portfolio.imports.instruments import Hint, directory, source_hint
from portfolio.imports.judging import activity_of, happening
from portfolio.imports.known_entries import known_entries
from portfolio.imports.named_lots import NamedLot, lots_of_sale
from portfolio.imports.values import RowProblem
from portfolio.models import FileImport, Portfolio
from portfolio.models.imports import TAKEN, RowStatus
from portfolio.models.portfolios import PortfolioQuerySet
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.external_ids import AGAIN, base_of

# Among activities of one moment those that bring something come first, so that days without times
# sell nothing before it was bought.
BRINGING: Final = frozenset(
    {EntryKind.DEPOSIT.value, EntryKind.BUY.value, "transfer_in", "split", "spin_off"}
)
MADE_UP: Final = "import:"
NOTE_REPEATS: Final = """
UPDATE portfolio_fileimportrow AS r SET status = 'duplicate', duplicate_of = n.entry_id
FROM unnest(%s::bigint[], %s::uuid[]) AS n (id, entry_id) WHERE r.id = n.id
"""
USED_IDS: Final = """
SELECT portfolio_id, external_id FROM portfolio_journalentry
JOIN unnest(%s::uuid[], %s::text[]) AS w (portfolio_id, external_id)
    USING (portfolio_id, external_id)
"""


# By portfolio and id of the source.
Renamed = dict[tuple[UUID, str], str]


class ReadyRow(NamedTuple):
    """What of a stored row is needed to book it; a whole model for each would take as long."""

    id: int
    position: int
    status: str
    facts: dict[str, Any]
    portfolio_id: UUID | None
    instrument_id: int | None


@dataclass(slots=True)
class Taken:
    """A row on its way into the books."""

    row: ReadyRow
    portfolio: Portfolio
    activity: ActivityDraft
    named: list[NamedLot] = field(default_factory=list)  # lots that a sale uses

    @property
    def order(self) -> tuple[datetime, bool, int]:
        is_late = self.activity.kind not in BRINGING
        return (self.activity.occurred_at, is_late, self.row.position)


def load_taken(found: FileImport, *, at: datetime) -> list[Taken]:
    """Raises:
    PortfolioRefused: a portfolio that rows were to go to is out of reach by now.
    """
    rows = list(ready_rows(found))
    portfolios = {one.id: one for one in bookable_portfolios(found)}
    wanted = {row.instrument_id for row in rows if row.instrument_id is not None}
    instruments = Instrument.objects.in_bulk(wanted)
    sources = sources_of(found, rows)
    taken = []
    for row in rows:
        if row.portfolio_id is None:
            raise ValueError("a row without a portfolio counted as ready")
        portfolio = portfolios.get(row.portfolio_id)
        if portfolio is None:
            message = "A portfolio that rows were to go to is out of reach by now."
            raise PortfolioRefused([Problem("portfolio", "out_of_reach", message)])
        instrument = None if row.instrument_id is None else instruments[row.instrument_id]
        source = sources.get(source_hint(row.facts))
        activity = activity_of(row.facts, portfolio, instrument, source, now=at)
        taken.append(Taken(row, portfolio, activity, lots_of_sale(row.facts)))
    return taken


def ready_rows(found: FileImport) -> Iterator[ReadyRow]:
    rows = found.rows.filter(TAKEN).order_by("position")
    return (ReadyRow(*row) for row in rows.values_list(*ReadyRow._fields))


def sources_of(found: FileImport, rows: Sequence[ReadyRow]) -> dict[Hint | None, Instrument]:
    """What the spin-offs among the rows came out of.

    Raises:
        PortfolioRefused: one of them cannot be told any more.
    """
    hints = {hint for row in rows if (hint := source_hint(row.facts))}
    if not hints:
        return {}
    known = directory(hints, found.choices.get("symbols", {}))
    sources: dict[Hint | None, Instrument] = {}
    for hint in hints:
        source = known.find(hint)
        if isinstance(source, RowProblem):
            raise PortfolioRefused([Problem("from_symbol", source.code, source.message)])
        sources[hint] = source
    return sources


def bookable_portfolios(found: FileImport) -> PortfolioQuerySet:
    """Where its rows may land: in its own portfolio, and in others of the same owner."""
    reached = Portfolio.objects.for_user(found.created_by, Role.EDITOR)
    own = Portfolio.objects.filter(id=found.portfolio_id, archived_at=None)
    return (reached | own).filter(owner_id=found.portfolio.owner_id)


def without_repeats(found: FileImport, taken: Sequence[Taken]) -> list[Taken]:
    """Leave out what came into the books since the file was read, and note it as such."""
    unforced = {one.row.position: one for one in taken if one.row.status == RowStatus.READY}
    known = known_entries([(one.portfolio.id, one.activity) for one in unforced.values()])
    if not known:
        return list(taken)
    repeated = set(found.rows.exclude(duplicate_of=None).values_list("duplicate_of", flat=True))
    entries = [entry for entry in known if entry.id not in repeated]
    happenings = [
        happening(one.row.position, one.activity, one.portfolio) for one in unforced.values()
    ]
    repeats = find_repeats(happenings, entries)
    if repeats:
        rows = [(unforced[place].row.id, entry_id) for place, entry_id in repeats.items()]
        execute(NOTE_REPEATS, columns_of(rows, width=2))
    return [one for one in taken if one.row.position not in repeats]


def name_entries(found: FileImport, taken: Sequence[Taken]) -> Renamed:
    """Give each activity the id of its source while that is free, and else one of its own.

    Returns:
        The ids that were not free, with what they have become.
    """
    renamed: Renamed = {}
    wanted = {
        (one.portfolio.id, one.activity.external_id) for one in taken if one.activity.external_id
    }
    used = set(fetch_rows(USED_IDS, columns_of(wanted, width=2)))
    # Ids that another import may take at the same time are told apart by this import's.
    own = found.id.hex[-12:]
    for one in taken:
        external_id = one.activity.external_id
        if not external_id:
            external_id = f"{MADE_UP}{own}:{one.row.position}"
        elif (one.portfolio.id, external_id) in used:
            external_id = f"{base_of(external_id)}{AGAIN}{own}-{one.row.position}"
            renamed[one.portfolio.id, one.activity.external_id] = external_id
        used.add((one.portfolio.id, external_id))
        if external_id != one.activity.external_id:
            one.activity = replace(one.activity, external_id=external_id)
    return renamed
