"""Booking an import: all of its rows that are to be taken, or none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from accounts import audit
from accounts.identifiers import new_id
from accounts.statement_flow import flow
from portfolio.activities import Touched, follow_activities, post_activities
from portfolio.bookkeeping.bulk import columns_of, execute
from portfolio.errors import ActivityRefused
from portfolio.imports.carrying_out import carry_out_asked
from portfolio.imports.previews import digest
from portfolio.imports.profiles import GENERIC
from portfolio.imports.progress import ImportReporter
from portfolio.imports.refusals import at_rows
from portfolio.imports.states import NothingToImport, Step, may
from portfolio.imports.taking import Taken, load_taken, name_entries, without_repeats
from portfolio.imports.taking_lots import name_lots
from portfolio.models import FileImport, SavedMapping
from portfolio.models.imports import TAKEN, ImportStatus

Report = Callable[[int], None]

INTERRUPTED: Final = "Booking was interrupted; nothing of the file was booked."
LOCK_PORTFOLIO: Final = "SELECT pg_advisory_xact_lock(hashtextextended('import into ' || %s, 0))"
NOTE_ENTRIES: Final = """
UPDATE portfolio_fileimportrow AS r SET entry_id = n.entry_id
FROM unnest(%s::bigint[], %s::uuid[]) AS n (id, entry_id) WHERE r.id = n.id
"""


def unheard(rows_done: int) -> None:
    """Report to nobody: the answer comes at once."""


@transaction.atomic
def commit_import(*, found: FileImport, committed_at: datetime) -> FileImport:
    """Book an import: few rows now, many by a worker. Asked again, nothing happens again.

    Raises:
        NothingToImport: no row is to be taken.
        ActivityRefused: the books refuse rows; nothing was booked. Each problem names its row.
        PortfolioError: they refuse the whole.
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
    """Book an import that was asked for; where it is not booked, it is to be looked at again."""

    def work(found: FileImport, reporter: ImportReporter) -> None:
        reporter.report(0)  # one who was killed may have told of more
        book(found, at=at, report=reporter.report)

    carry_out_asked(
        import_id,
        work,
        asked=ImportStatus.COMMITTING,
        interrupted=INTERRUPTED,
        otherwise={"status": ImportStatus.PREVIEWED, "rows_done": 0},
    )


def book(found: FileImport, *, at: datetime, report: Report) -> None:
    """Record all rows that are to be taken. The import's own row changes last."""
    taken = load_taken(found, at=at)
    lock_portfolios({one.portfolio.id for one in taken})
    taken = without_repeats(found, taken)
    if not taken:
        raise NothingToImport("Every row that was to be imported is in the books by now.")
    renamed = name_entries(found, taken)
    by_portfolio: dict[UUID, list[Taken]] = defaultdict(list)
    for one in sorted(taken, key=lambda one: one.order):
        by_portfolio[one.portfolio.id].append(one)
    done = 0
    size = settings.LIMITS.import_batch_rows
    for rows in by_portfolio.values():
        touched = Touched()
        # While the database writes one batch the next is drafted.
        with flow(is_prepared=False):
            for batch in batches_of(rows, size):
                name_lots(batch, renamed)
                book_batch(batch, touched, at=at)
                done += len(batch)
                report(done)
        follow_activities(rows[0].portfolio, touched, recorded_at=at)
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


def batches_of(rows: Sequence[Taken], size: int) -> Iterator[Sequence[Taken]]:
    """What is booked at once, in the order given; sales that name lots after what opens these."""
    naming = [one for one in rows if one.named]
    if naming:
        # Whenever each is booked, ids tell in which order things of one moment happened.
        for one in rows:
            one.activity = replace(one.activity, entry_id=new_id())
    for part in ([one for one in rows if not one.named], naming):
        for start in range(0, len(part), size):
            yield part[start : start + size]


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


def lock_portfolios(ids: set[UUID]) -> None:
    """Let no other import book into them meanwhile. Advisory: balances keep their own order."""
    with connection.cursor() as cursor:
        for portfolio_id in sorted(ids):
            cursor.execute(LOCK_PORTFOLIO, [str(portfolio_id)])


def book_batch(batch: Sequence[Taken], touched: Touched, *, at: datetime) -> None:
    try:
        entry_ids = post_activities(
            portfolio=batch[0].portfolio,
            activities=[one.activity for one in batch],
            recorded_at=at,
            touched=touched,
            is_batch=True,
        )
    except ActivityRefused as error:
        raise at_rows(error, [one.row.position for one in batch]) from error
    rows = [(one.row.id, entry_id) for one, entry_id in zip(batch, entry_ids, strict=True)]
    execute(NOTE_ENTRIES, columns_of(rows, width=2))
    # What waits for the commit would all come at its end, while nobody has anything else to do.
    execute("SET CONSTRAINTS ALL IMMEDIATE", [])
    execute("SET CONSTRAINTS ALL DEFERRED", [])
