"""Undoing an import: all that it booked and that still stands, or nothing."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit
from portfolio.imports.carrying_out import carry_out_asked
from portfolio.imports.commits import Report, noted, unheard
from portfolio.imports.progress import ImportReporter
from portfolio.imports.states import Step, may
from portfolio.models import FileImport, JournalEntry, Portfolio
from portfolio.models.imports import FileImportRow, ImportStatus
from portfolio.recording.reversals import reverse_entries

INTERRUPTED: Final = "Undoing was interrupted; everything is booked as before."


@transaction.atomic
def reverse_import(*, found: FileImport, reversed_at: datetime) -> FileImport:
    """Undo what an import booked, as one: little now, much by a worker. Repeated, nothing happens.

    Raises:
        PortfolioError: the books refuse, as where units were sold on; nothing was undone.
        WrongStep: it is not booked.
    """
    found = FileImport.objects.select_for_update().get(id=found.id)
    if not may(found.status, Step.REVERSE):
        return found
    if found.rows_done <= settings.LIMITS.import_rows_at_once:
        undo(found, at=reversed_at, report=unheard)
        return found
    found.status, found.rows_done, found.error = ImportStatus.REVERSING, 0, ""
    found.save(update_fields=["status", "rows_done", "error"])
    transaction.on_commit(partial(request_undoing, found.id), robust=True)
    return found


def request_undoing(import_id: UUID) -> None:
    from portfolio.tasks import reverse_import as task  # noqa: PLC0415 - tasks import us

    task.delay(import_id=str(import_id))


def carry_out(import_id: UUID, *, at: datetime) -> None:
    """Undo an import that was asked for; where it is not undone, it stays booked."""
    booked = FileImportRow.objects.filter(file_import=import_id).exclude(entry_id=None).count()

    def work(found: FileImport, reporter: ImportReporter) -> None:
        reporter.report(0)  # one who was killed may have told of more
        undo(found, at=at, report=reporter.report)

    carry_out_asked(
        import_id,
        work,
        asked=ImportStatus.REVERSING,
        interrupted=INTERRUPTED,
        otherwise={"status": ImportStatus.COMMITTED, "rows_done": booked},
    )


def undo(found: FileImport, *, at: datetime, report: Report) -> None:
    """Reverse every entry of the import that nobody has reversed since."""
    standing = JournalEntry.objects.filter(
        id__in=found.rows.exclude(entry_id=None).values("entry_id"), reversed_by=None
    )
    by_portfolio: dict[UUID, list[UUID]] = defaultdict(list)
    for portfolio_id, entry_id in standing.values_list("portfolio_id", "id").order_by("id"):
        by_portfolio[portfolio_id].append(entry_id)
    done = 0
    for portfolio_id, entry_ids in by_portfolio.items():
        portfolio = Portfolio.objects.get(id=portfolio_id)
        reverse_entries(
            portfolio=portfolio,
            entry_ids=entry_ids,
            reversed_at=at,
            report=partial(report_after, report, done),
        )
        done += len(entry_ids)
        report(done)
    found.status, found.error, found.reversed_at = ImportStatus.REVERSED, "", at
    found.rows_done = found.rows.exclude(entry_id=None).count()
    found.save(update_fields=["status", "error", "rows_done", "reversed_at"])
    audit.record(
        action="import.reversed",
        owner_id=found.portfolio.owner_id,
        target="import",
        target_id=str(found.id),
        after=noted(found, done),
        occurred_at=at,
    )


def report_after(report: Report, before: int, posted: int) -> None:
    report(before + posted)
