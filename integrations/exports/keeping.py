"""How long the files of exports stay, and what a dead worker left is taken up again."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from accounts import audit
from accounts.models import User
from integrations.exports.errors import ExportNotFound, ExportNotReady
from integrations.exports.requesting import facts_of, send
from integrations.exports.telling import tell_failed
from integrations.models.exports import Export, ExportStatus

LOST: Final = timedelta(minutes=2)
DEATHS: Final = 3
SILENT: Final = "The workers that were at it died; ask for it again."


def kept_for(export: Export) -> timedelta:
    if export.owner_id is None:
        return timedelta(days=settings.EXPORT_NIGHTS)
    return timedelta(days=settings.LIMITS.export_days_kept)


def tend(*, at: datetime) -> None:
    """Go on with what nobody is at any more, and remove what has had its time."""
    end_silent(at=at)
    lost = Export.objects.filter(status=ExportStatus.QUEUED, seen_at__lt=at - LOST)
    for export_id in lost.order_by("requested_at", "id").values_list("id", flat=True):
        send(export_id)
    over = Q(status=ExportStatus.COMPLETED, expires_at__lte=at) | Q(status=ExportStatus.FAILED)
    for export in Export.objects.filter(over, removed_at=None).order_by("id").iterator():
        remove_files(export, at=at)


def end_silent(*, at: datetime) -> None:
    """Queue what a worker was at when it died; what kills each worker is given up."""
    before = at - timedelta(seconds=settings.LIMITS.export_silence_seconds)
    silent = Export.objects.filter(status=ExportStatus.RUNNING, seen_at__lt=before)
    with transaction.atomic():
        given_up = list(silent.filter(deaths__gte=DEATHS - 1).select_for_update(no_key=True))
        for export in given_up:
            export.status, export.finished_at = ExportStatus.FAILED, at
            export.error_code, export.error = "stale", SILENT
        Export.objects.bulk_update(given_up, ["status", "finished_at", "error_code", "error"])
        tell_failed(given_up, at=at)
    # Its message is sent again in the same look, as nobody said anything for so long.
    silent.update(status=ExportStatus.QUEUED, deaths=F("deaths") + 1)


def remove_files(export: Export, *, at: datetime) -> None:
    """Remove them, then say so; where that is cut short, it is done again."""
    for path in export.files.order_by("id").values_list("path", flat=True):
        found = export.folder / path
        found.unlink(missing_ok=True)
        remove_empty(found.parent)
    with transaction.atomic():
        export.files.all().delete()
        Export.objects.filter(id=export.id).update(removed_at=at)


def remove_empty(folder: Path) -> None:
    """Remove a folder and those around it, up to the first that holds something."""
    while folder != settings.EXPORTS:
        try:
            folder.rmdir()
        except OSError:  # it holds something, or is gone
            return
        folder = folder.parent


def find_export(owner: User, export_id: UUID) -> Export:
    """Raises:
    ExportNotFound: he has none of that id.
    """
    found = Export.objects.for_user(owner).filter(id=export_id).first()
    if found is None:
        raise ExportNotFound("There is no such export.")
    return found


@transaction.atomic
def delete_export(*, owner: User, export_id: UUID, deleted_at: datetime) -> Export:
    """Remove its files; that it was asked for still counts. Repeating it is harmless.

    Raises:
        ExportNotFound: he has none of that id.
        ExportNotReady: a worker is at it.
    """
    found = find_export(owner, export_id)
    export = Export.objects.select_for_update(no_key=True).get(id=found.id)
    if export.is_working:
        raise ExportNotReady("It is being written; delete it once that has ended.")
    if export.removed_at is None:
        # Should the removal be cut short, the next look at what has had its time does it.
        export.expires_at = deleted_at
        export.save(update_fields=["expires_at"])
        audit.record(action="export.deleted", **facts_of(export), occurred_at=deleted_at)
        transaction.on_commit(partial(remove_files, export, at=deleted_at), robust=True)
    return export
