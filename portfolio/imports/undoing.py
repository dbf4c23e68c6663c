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
from portfolio.models.imports import ImportStatus
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
    found.status, found.error = ImportStatus.REVERSING, ""
    found.save(update_fields=["status", "error"])
    transaction.on_commit(partial(request_undoing, found.id), robust=True)
    return found


def request_undoing(import_id: UUID) -> None:
    from portfolio.tasks import reverse_import as task  # noqa: PLC0415 - tasks import us

    task.delay(import_id=str(import_id))


def carry_out(import_id: UUID, *, at: datetime) -> None:
    """Undo an import that was asked for; where it is not undone, it stays booked."""

    def work(found: FileImport, reporter: ImportReporter) -> None:
        undo(found, at=at, report=reporter.report)

    carry_out_asked(
        import_id,
        work,
        asked=ImportStatus.REVERSING,
        interrupted=INTERRUPTED,
        otherwise={"status": ImportStatus.COMMITTED},
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
        reverse_entries(portfolio=portfolio, entry_ids=entry_ids, reversed_at=at)
        done += len(entry_ids)
        report(done)
    found.status, found.error, found.reversed_at = ImportStatus.REVERSED, "", at
    found.save(update_fields=["status", "error", "reversed_at"])
    audit.record(
        action="import.reversed",
        owner_id=found.portfolio.owner_id,
        target="import",
        target_id=str(found.id),
        after=noted(found, done),
        occurred_at=at,
    )
