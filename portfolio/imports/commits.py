"""Booking an import: all of its rows that are to be taken, or none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from accounts import audit
from accounts.errors import Problem
from accounts.roles import Role
from portfolio.activities import record_activities
from portfolio.bookkeeping.bulk import columns_of, execute
from portfolio.bookkeeping.entries import EntryKind
from portfolio.errors import PortfolioError, PortfolioRefused
from portfolio.imports.duplicates import AGAIN, find_repeats
from portfolio.imports.judging import activity_of, happening
from portfolio.imports.known_entries import known_entries
from portfolio.imports.previews import digest
from portfolio.imports.profiles import GENERIC
from portfolio.imports.progress import ImportReporter, is_alone, take_time
from portfolio.imports.states import NothingToImport, Step, may
from portfolio.models import FileImport, FileImportRow, JournalEntry, Portfolio, SavedMapping
from portfolio.models.imports import TAKEN, ImportStatus, RowStatus
from portfolio.models.portfolios import PortfolioQuerySet
from portfolio.recording.activity_rules import ActivityDraft

Report = Callable[[int], None]

ERROR_CHARACTERS: Final = 500
INTERRUPTED: Final = "Booking was interrupted; nothing of the file was booked."
# Among activities of one moment those that bring something come first, so that days without times
# sell nothing before it was bought.
BRINGING: Final = frozenset(
    {EntryKind.DEPOSIT.value, EntryKind.BUY.value, "transfer_in", "split", "spin_off"}
)
MADE_UP: Final = "import:"
LOCK_PORTFOLIO: Final = "SELECT pg_advisory_xact_lock(hashtextextended('import into ' || %s, 0))"
NOTE_ENTRIES: Final = """
UPDATE portfolio_fileimportrow AS r SET entry_id = n.entry_id
FROM unnest(%s::bigint[], %s::uuid[]) AS n (id, entry_id) WHERE r.id = n.id
"""
NOTE_REPEATS: Final = """
UPDATE portfolio_fileimportrow AS r SET status = 'duplicate', duplicate_of = n.entry_id
FROM unnest(%s::bigint[], %s::uuid[]) AS n (id, entry_id) WHERE r.id = n.id
"""


def unheard(rows_done: int) -> None:
    """Report to nobody: the answer comes at once."""


@dataclass(slots=True)
class Taken:
    """A row on its way into the books."""

    row: FileImportRow
    portfolio: Portfolio
    activity: ActivityDraft

    @property
    def order(self) -> tuple[datetime, bool, int]:
        is_late = self.activity.kind not in BRINGING
        return (self.activity.occurred_at, is_late, self.row.position)


@transaction.atomic
def commit_import(*, found: FileImport, committed_at: datetime) -> FileImport:
    """Book an import: few rows now, many by a worker. Asked again, nothing happens again.

    Raises:
        NothingToImport: no row is to be taken.
        PortfolioError: the books refuse a row; nothing was booked.
        WrongStep: it is not read yet, could not be, or was undone.
    """
    found = FileImport.objects.select_for_update().get(id=found.id)
    if not may(found.status, Step.COMMIT):
        return found
    count = found.rows.filter(TAKEN).count()
    if not count:
        raise NothingToImport("No row of the file is to be imported.")
    if count <= settings.LIMITS.import_rows_at_once:
        book(found, at=committed_at, report=unheard)
        return found
    found.status, found.rows_done, found.error = ImportStatus.COMMITTING, 0, ""
    found.save(update_fields=["status", "rows_done", "error"])
    transaction.on_commit(partial(request_booking, found.id), robust=True)
    return found


def request_booking(import_id: UUID) -> None:
    from portfolio.tasks import commit_import as task  # noqa: PLC0415 - tasks import us

    task.delay(import_id=str(import_id))


def carry_out(import_id: UUID, *, at: datetime) -> None:
    """Book an import that was asked for; harmless where it is done or somebody else does it.

    What the books refuse is told in the import, which is then to be looked at again.
    """
    failure = INTERRUPTED
    is_done = False
    with ImportReporter(import_id) as reporter:
        try:
            with transaction.atomic():
                found = FileImport.objects.filter(id=import_id).first()
                is_asked = found is not None and found.status == ImportStatus.COMMITTING
                if found is not None and is_asked and is_alone(import_id):
                    take_time()
                    book(found, at=at, report=reporter.report)
            is_done = True
        except PortfolioError as error:
            failure = str(error)
        finally:
            if not is_done:
                reporter.update(
                    status=ImportStatus.PREVIEWED, rows_done=0, error=failure[:ERROR_CHARACTERS]
                )


def book(found: FileImport, *, at: datetime, report: Report) -> None:
    """Record all rows that are to be taken. The import's own row changes last."""
    taken = load_taken(found, at=at)
    lock_portfolios({one.portfolio.id for one in taken})
    taken = without_repeats(found, taken)
    if not taken:
        raise NothingToImport("Every row that was to be imported is in the books by now.")
    name_entries(found, taken)
    by_portfolio: dict[UUID, list[Taken]] = defaultdict(list)
    for one in sorted(taken, key=lambda one: one.order):
        by_portfolio[one.portfolio.id].append(one)
    done = 0
    size = settings.LIMITS.import_batch_rows
    for rows in by_portfolio.values():
        for start in range(0, len(rows), size):
            batch = rows[start : start + size]
            book_batch(batch, at=at)
            done += len(batch)
            report(done)
    found.status, found.error = ImportStatus.COMMITTED, ""
    found.rows_done, found.committed_at = done, at
    # The rows hold what they came from; nothing reads the file again.
    found.content = None
    found.save(update_fields=["status", "error", "rows_done", "committed_at", "content"])
    remember_mapping(found, at=at)
    audit.record(
        action="import.committed",
        owner_id=found.portfolio.owner_id,
        target="import",
        target_id=str(found.id),
        after=noted(found, done),
        occurred_at=at,
    )


def remember_mapping(found: FileImport, *, at: datetime) -> None:
    """Read the next file with these columns in the same way, now that this one was booked so.

    Not before: a mapping that was only tried would spoil every file after it.
    """
    if not found.is_mapping_own or found.profile != GENERIC.name:
        return
    SavedMapping.objects.update_or_create(
        owner_id=found.created_by_id,
        columns_digest=digest(found.columns),
        defaults={
            "mapping": found.mapping,
            "date_order": found.date_order if found.is_style_own else "",
            "decimal_mark": found.decimal_mark if found.is_style_own else "",
            "saved_at": at,
        },
    )


def noted(found: FileImport, entries: int) -> dict[str, object]:
    """What the audit trail keeps of a booking, and of its undoing."""
    return {"portfolio_id": found.portfolio_id, "file": found.file_name, "entries": entries}


def load_taken(found: FileImport, *, at: datetime) -> list[Taken]:
    rows = found.rows.filter(TAKEN).defer("raw").order_by("position")
    portfolios = {one.id: one for one in bookable_portfolios(found)}
    taken = []
    for row in rows.select_related("instrument"):
        if row.portfolio_id is None:
            raise ValueError("a row without a portfolio counted as ready")
        portfolio = portfolios.get(row.portfolio_id)
        if portfolio is None:
            message = "A portfolio that rows were to go to is out of reach by now."
            raise PortfolioRefused([Problem("portfolio", "out_of_reach", message)])
        taken.append(
            Taken(row, portfolio, activity_of(row.facts, portfolio, row.instrument, now=at))
        )
    return taken


def bookable_portfolios(found: FileImport) -> PortfolioQuerySet:
    """Where its rows may land: in its own portfolio, and in others of the same owner."""
    reached = Portfolio.objects.for_user(found.created_by, Role.EDITOR)
    own = Portfolio.objects.filter(id=found.portfolio_id, archived_at=None)
    return (reached | own).filter(owner_id=found.portfolio.owner_id)


def lock_portfolios(ids: set[UUID]) -> None:
    """Let no other import book into them meanwhile. Advisory: balances keep their own order."""
    with connection.cursor() as cursor:
        for portfolio_id in sorted(ids):
            cursor.execute(LOCK_PORTFOLIO, [str(portfolio_id)])


def without_repeats(found: FileImport, taken: Sequence[Taken]) -> list[Taken]:
    """Leave out what came into the books since the file was read, and note it as such."""
    unforced = {one.row.position: one for one in taken if one.row.status == RowStatus.READY}
    happenings = [
        happening(one.row.position, one.activity, one.portfolio) for one in unforced.values()
    ]
    if not happenings:
        return list(taken)
    known = set(found.rows.exclude(duplicate_of=None).values_list("duplicate_of", flat=True))
    entries = [entry for entry in known_entries(happenings) if entry.id not in known]
    repeats = find_repeats(happenings, entries)
    if repeats:
        rows = [(unforced[place].row.id, entry_id) for place, entry_id in repeats.items()]
        execute(NOTE_REPEATS, columns_of(rows, width=2))
    return [one for one in taken if one.row.position not in repeats]


def name_entries(found: FileImport, taken: Sequence[Taken]) -> None:
    """Give each activity the id of its source while that is free, and else one of its own."""
    wanted = {one.activity.external_id for one in taken} - {""}
    used = set(
        JournalEntry.objects.filter(
            portfolio__in={one.portfolio.id for one in taken}, external_id__in=wanted
        ).values_list("portfolio_id", "external_id")
    )
    # Ids that another import may take at the same time are told apart by this import's.
    own = found.id.hex[-12:]
    for one in taken:
        external_id = one.activity.external_id
        if not external_id:
            external_id = f"{MADE_UP}{own}:{one.row.position}"
        elif (one.portfolio.id, external_id) in used:
            base = external_id.partition(AGAIN)[0]
            external_id = f"{base}{AGAIN}{own}-{one.row.position}"
        used.add((one.portfolio.id, external_id))
        one.activity = replace(one.activity, external_id=external_id)


def book_batch(batch: Sequence[Taken], *, at: datetime) -> None:
    entries = record_activities(
        portfolio=batch[0].portfolio,
        activities=[one.activity for one in batch],
        recorded_at=at,
    )
    rows = [(one.row.id, entry.id) for one, entry in zip(batch, entries, strict=True)]
    execute(NOTE_ENTRIES, columns_of(rows, width=2))
