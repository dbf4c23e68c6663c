"""Writing an export: part by part, each under another name until it is whole.

A worker may die anywhere: what is written stays written, and another goes on with the next part.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from accounts.errors import HoldfastError
from accounts.table_files import Row, Table, parquet_chunks
from integrations.exports import keeping
from integrations.exports.errors import ExportTooLarge
from integrations.exports.pieces import pieces_of
from integrations.exports.requesting import DAY, send
from integrations.exports.telling import tell_failed, tell_ready
from integrations.models.exports import Dataset, Export, ExportFile, ExportStatus
from portfolio.valuation import freshen

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
UNFORESEEN: Final = "Something went wrong here; nothing was counted, so ask for it again."
FOLDER_MODE: Final = 0o700  # other people of the machine read nobody's books


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is whole."""

    rows: int
    bytes: int
    sha256: str


def write_export(export_id: UUID, *, clock: Clock) -> None:
    """Go on with an export, once, however often the message comes; a turn ends after minutes."""
    queued = Export.objects.filter(id=export_id, status=ExportStatus.QUEUED)
    if not queued.update(status=ExportStatus.RUNNING, seen_at=clock()):
        return
    export = Export.objects.select_related("portfolio").get(id=export_id)
    try:
        write_parts(export, clock=clock)
    except ExportTooLarge as error:
        fail(export, error, at=clock())
    except Exception:
        logger.exception("The export %s failed.", export_id)
        fail(export, None, at=clock())
        raise
    else:
        conclude(export, at=clock())


def write_parts(export: Export, *, clock: Clock) -> None:
    """Write what is missing, or as much of it as a turn has time for."""
    until = clock() + timedelta(seconds=settings.LIMITS.export_turn_seconds)
    if Dataset(export.dataset).is_of_valuations and export.portfolio is not None:
        freshen(export.portfolio, through_date=min(export.end, clock().date()) - DAY)
    for piece in pieces_of(export)[export.parts_done : export.parts_total]:
        if clock() > until:
            return
        written = write_file(
            piece.table(),
            export.folder / piece.path,
            most=settings.LIMITS.export_rows - export.rows,
            chunks=piece.chunks,
        )
        note_part(export, piece.path, written, at=clock())


def note_part(export: Export, path: str, written: Written | None, *, at: datetime) -> None:
    """One part is done; of days without rows there is no file."""
    with transaction.atomic():
        if written is not None:
            ExportFile.objects.create(
                export=export,
                path=path,
                rows=written.rows,
                bytes=written.bytes,
                sha256=written.sha256,
            )
            export.rows += written.rows
            export.bytes += written.bytes
        export.parts_done += 1
        export.deaths, export.seen_at = 0, at
        export.save(update_fields=["rows", "bytes", "parts_done", "deaths", "seen_at"])


def write_file(
    table: Table,
    path: Path,
    *,
    most: int,
    chunks: Callable[[Table], Iterator[bytes]] = parquet_chunks,
) -> Written | None:
    """The table as a file; ``None``, and no file, where it has no rows.

    Raises:
        ExportTooLarge: it has more rows than ``most``; nothing of it stays.
    """
    counted = Counted(iter(table.rows()), most)
    first = next(counted, None)
    if first is None:
        return None
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{uuid4().hex}")
    digest, size = hashlib.sha256(), 0
    try:
        with aside.open("xb") as file:
            for chunk in chunks(replace(table, rows=lambda: chain([first], counted))):
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
        keeping.remove_empty(path.parent)
    return Written(rows=counted.count, bytes=size, sha256=digest.hexdigest())


class Counted(Iterator[Row]):
    """Rows, counted as they pass."""

    def __init__(self, rows: Iterator[Row], most: int) -> None:
        self._rows, self._most = rows, most
        self.count = 0

    def __next__(self) -> Row:
        row = next(self._rows)
        self.count += 1
        if self.count > self._most:
            raise ExportTooLarge(allowed=settings.LIMITS.export_rows)
        return row


def conclude(export: Export, *, at: datetime) -> None:
    """End it where it is whole, else leave the rest to the next turn."""
    export.seen_at = at
    if export.parts_done < export.parts_total:
        export.status = ExportStatus.QUEUED
        export.save(update_fields=["status", "seen_at"])
        send(export.id)
        return
    # Of an account that was closed meanwhile it is over already.
    over_at = Coalesce(F("expires_at"), Value(at + keeping.kept_for(export)))
    with transaction.atomic():
        Export.objects.filter(id=export.id).update(
            status=ExportStatus.COMPLETED, seen_at=at, finished_at=at, expires_at=over_at
        )
        export.refresh_from_db(fields=["expires_at"])
        tell_ready(export, at=at)


def fail(export: Export, error: HoldfastError | None, *, at: datetime) -> None:
    """End it, and keep no part of it."""
    export.status, export.finished_at, export.seen_at = ExportStatus.FAILED, at, at
    export.error_code = "unforeseen" if error is None else error.code
    export.error = UNFORESEEN if error is None else str(error)
    with transaction.atomic():
        export.save(update_fields=["status", "finished_at", "seen_at", "error_code", "error"])
        tell_failed([export], at=at)
    keeping.remove_files(export, at=at)
