"""Taking a file in, finding out what its rows would become, and what the owner says to it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.models import User
from accounts.roles import Role
from portfolio.bookkeeping.bulk import copy_rows
from portfolio.imports.errors import UnknownProfile, UnreadableImport
from portfolio.imports.judging import Judged, Surroundings, judge
from portfolio.imports.profiles import GENERIC, PROFILES
from portfolio.imports.progress import ImportReporter, is_alone, take_time, uncollected
from portfolio.imports.reading import Progress, read_file, unheard
from portfolio.imports.sheets import refuse_beyond
from portfolio.imports.states import Step, may
from portfolio.imports.values import Caps, DateOrder, Reading
from portfolio.models import FileImport, Portfolio, SavedMapping
from portfolio.models.imports import OPEN, ImportStatus

NAME_CHARACTERS: Final = 120
PASTED: Final = "Pasted"
ROW_COLUMNS: Final = (
    *("file_import_id", "position", "line", "sheet", "raw", "facts", "symbol", "isin", "name"),
    *("portfolio_name", "instrument_id", "portfolio_id", "problems", "note", "status"),
    *("decision", "changes", "duplicate_of"),
)


@transaction.atomic
def start_import(
    *,
    portfolio: Portfolio,
    content: bytes,
    file_name: str,
    profile: str,
    created_by: User,
    created_at: datetime,
    bound_to: Collection[UUID] = (),
) -> FileImport:
    """Take a file in. A small one is read at once, a large one by a worker.

    Args:
        profile: the name of one; empty for whichever the file looks like.
        bound_to: the only portfolios that rows may land in; empty for all of the user's.

    Raises:
        ImportTooLarge: it is larger than is taken in at once.
        UnknownProfile: there is none of that name.
        UnreadableImport: a small file holds nothing that can be read.
    """
    refuse_unreadable(content, profile)
    give_way(created_by)
    made = FileImport.objects.create(
        portfolio=portfolio,
        created_by=created_by,
        bound_to=[str(one) for one in sorted(bound_to)],
        file_name=tidy_name(file_name),
        content=content,
        asked_profile=profile,
        created_at=created_at,
    )
    audit.record(
        action="import.started",
        owner_id=portfolio.owner_id,
        target="import",
        target_id=str(made.id),
        after={"portfolio_id": portfolio.id, "file": made.file_name, "bytes": len(content)},
        occurred_at=created_at,
    )
    read_soon(made, at=created_at)
    return made


def refuse_unreadable(content: bytes, profile: str) -> None:
    """Raises:
    ImportTooLarge: it has more bytes than are taken in.
    UnknownProfile: there is no such profile.
    """
    refuse_beyond("bytes", len(content), settings.LIMITS.import_file_bytes)
    if profile and profile not in PROFILES:
        raise UnknownProfile(
            f"There is no profile {profile[:40]!r}; there are {', '.join(PROFILES)}."
        )


def tidy_name(file_name: str) -> str:
    """The last part of a path, without what is no text."""
    name = file_name.replace("\\", "/").rpartition("/")[2]
    return "".join(one for one in name if one.isprintable())[:NAME_CHARACTERS] or PASTED


def give_way(user: User) -> None:
    """Let the oldest imports go that were never booked, where there are too many."""
    waiting = FileImport.objects.filter(created_by=user, status__in=OPEN)
    kept = settings.LIMITS.imports_open - 1
    oldest = waiting.order_by("-created_at", "-id").values_list("id", flat=True)[kept:]
    FileImport.objects.filter(id__in=list(oldest)).delete()


def read_soon(found: FileImport, *, at: datetime) -> None:
    """Read a small file now, and let a worker read a large one."""
    if len(found.content or b"") <= settings.LIMITS.import_bytes_at_once:
        read_import(found, at=at)
        return
    found.status, found.error = ImportStatus.PENDING, ""
    found.rows_total = found.rows_done = 0
    found.save(update_fields=["status", "error", "rows_total", "rows_done"])
    transaction.on_commit(partial(request_preview, found.id), robust=True)


def request_preview(import_id: UUID) -> None:
    from portfolio.tasks import preview_import  # noqa: PLC0415 - tasks import us

    preview_import.delay(import_id=str(import_id))


def preview(import_id: UUID, *, at: datetime) -> None:
    """Read the file of an import that waits for it; a file that cannot be read is kept as such."""
    with uncollected(), ImportReporter(import_id) as reporter, transaction.atomic():
        found = FileImport.objects.filter(id=import_id).first()
        if found is None or found.status != ImportStatus.PENDING or not is_alone(import_id):
            return
        take_time()
        try:
            with transaction.atomic():
                read_import(found, at=at, report=reporter.report_lines)
        except UnreadableImport as error:
            FileImport.objects.filter(id=import_id).update(
                status=ImportStatus.FAILED, error=str(error)[:500], rows_total=0, rows_done=0
            )


def read_import(found: FileImport, *, at: datetime, report: Progress = unheard) -> None:
    """Read the file and judge its rows anew; what the owner said to rows by place stays said.

    Raises:
        UnreadableImport: nothing of it can be read.
    """
    may(found.status, Step.READ)
    reading = read_content(found, report)
    said = {
        row.position: (row.decision, row.changes)
        for row in found.rows.exclude(decision="", changes={})
    }
    judged = [
        Judged(position, row, *said.get(position, ("", {})))
        for position, row in enumerate(reading.rows, start=1)
    ]
    judge(judged, surroundings_of(found, at=at))
    found.rows.all().delete()
    store_rows(found.id, judged)
    keep_reading(found, reading, at=at)


def read_content(found: FileImport, report: Progress) -> Reading:
    """With the owner's own mapping and styles: of this file, else of the last with its columns."""
    options: dict[str, Any] = {
        "name": found.file_name,
        "caps": caps(),
        "profile": found.asked_profile,
        "mapping": found.mapping if found.is_mapping_own else None,
        "report": report,
    }
    if found.is_style_own:
        options["date_order"] = DateOrder(found.date_order) if found.date_order else None
        options["decimal_mark"] = found.decimal_mark
    content = bytes(found.content or b"")
    reading = read_file(content, **options)
    if reading.profile != GENERIC.name or found.is_mapping_own:
        return reading
    saved = SavedMapping.objects.filter(
        owner_id=found.created_by_id, columns_digest=digest(reading.columns)
    ).first()
    if saved is None:
        return reading
    options |= {"mapping": saved.mapping, "decimal_mark": saved.decimal_mark}
    options["date_order"] = DateOrder(saved.date_order) if saved.date_order else None
    return read_file(content, **options)


def digest(columns: Sequence[str]) -> bytes:
    return hashlib.sha256("\x1f".join(columns).encode()).digest()


def caps() -> Caps:
    limits = settings.LIMITS
    return Caps(
        bytes=limits.import_file_bytes,
        unpacked_bytes=limits.import_unpacked_bytes,
        ratio=limits.archive_ratio,
        files=limits.import_files,
        rows=limits.import_rows,
        columns=limits.import_columns,
        cell_characters=limits.import_cell_characters,
    )


def surroundings_of(found: FileImport, *, at: datetime) -> Surroundings:
    portfolios = Portfolio.objects.for_user(found.created_by, Role.EDITOR).filter(
        owner_id=found.portfolio.owner_id
    )
    if found.bound_to:
        portfolios = portfolios.filter(id__in=found.bound_to)
    return Surroundings(
        portfolio=found.portfolio,
        portfolios={one.id: one for one in portfolios},
        symbols=found.choices.get("symbols", {}),
        accounts=found.choices.get("portfolios", {}),
        now=at,
    )


def store_rows(import_id: UUID, rows: Iterable[Judged]) -> None:
    copy_rows("portfolio_fileimportrow", ROW_COLUMNS, (row_values(import_id, one) for one in rows))


def row_values(import_id: UUID, judged: Judged) -> tuple[Any, ...]:
    row = judged.row
    return (
        *(import_id, judged.position, row.line, row.sheet, row.raw, written(row.facts)),
        *(row.symbol, row.isin, row.name, row.portfolio),
        judged.instrument.id if judged.instrument else None,
        judged.portfolio.id if judged.portfolio else None,
        written([asdict(one) for one in judged.problems]),
        *(judged.note, judged.status.value, judged.decision, written(judged.changes)),
        judged.duplicate_of,
    )


def written(told: dict[str, Any] | list[Any]) -> str:
    return orjson.dumps(told).decode()


def keep_reading(found: FileImport, reading: Reading, *, at: datetime) -> None:
    found.profile = reading.profile
    found.columns = list(reading.columns)
    found.mapping = dict(reading.mapping)
    found.date_order = reading.date_order
    found.is_date_order_certain = reading.is_date_order_certain
    found.decimal_mark = reading.decimal_mark
    found.status, found.error = ImportStatus.PREVIEWED, ""
    found.rows_total, found.rows_done = len(reading.rows), 0
    found.previewed_at = at
    found.save()
