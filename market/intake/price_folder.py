"""A folder whose price files are taken in, each once, whatever it is called.

Known by what they hold, files may stay where they are, be copied or renamed. The folder is only
read. A file is copied first: what is taken in is what was looked at. Where two processes look at
once, or one dies midway, each file is in once and wholly all the same.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db.models import Q

from market.errors import UnreadableFile
from market.intake.collection import alone
from market.intake.price_files import NAME_CHARACTERS, forget_files, prices_path, take_in
from market.models import IngestionRun
from market.models.prices import RunStatus

logger = logging.getLogger(__name__)

PROVIDER: Final = "files"
SUFFIXES: Final = (".csv", ".csv.gz", ".zip")
COPY_BYTES: Final = 1 << 20


def take_in_folder(*, clock: Callable[[], datetime]) -> list[IngestionRun]:
    """Take in what is new in ``settings.PRICE_FOLDER``.

    Returns the runs of the files that were new; none without a folder, or while another process
    is at it. A file that cannot be taken in fails its run, and the others go on.
    """
    if settings.PRICE_FOLDER is None:
        return []
    with alone(PROVIDER) as is_alone:
        if not is_alone:
            return []
        found = settled_files(Path(settings.PRICE_FOLDER), at=clock())
        return [run for path in found if (run := take_in_once(path, clock=clock)) is not None]


def settled_files(folder: Path, *, at: datetime) -> Iterator[Path]:
    """Price files that nobody has written to for a while, by name."""
    until = (at - timedelta(seconds=settings.LIMITS.price_folder_settled_seconds)).timestamp()
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        logger.error("PRICE_FOLDER cannot be read: %s", error)  # noqa: TRY400 - it says all
        return
    for path in paths:
        if path.name.startswith(".") or not path.name.lower().endswith(SUFFIXES):
            continue
        if path.is_file() and not path.is_symlink() and path.stat().st_mtime <= until:
            yield path


def take_in_once(path: Path, *, clock: Callable[[], datetime]) -> IngestionRun | None:
    """Take in a file unless one that holds the same was; None where it was."""
    name = path.name[-NAME_CHARACTERS:]
    try:
        seen = {name: mark_of(path)}
        # Not even read where it lies there as it did.
        if done_runs().filter(notes__contains={"seen": seen}).exists():
            return None
        run = copy(path, name=name, at=clock())
    except OSError as error:
        logger.warning("%s of PRICE_FOLDER cannot be read: %s", name, error)
        return None
    if is_new := not done_runs().filter(id=run.id).exists():
        take_copy_in(run, clock=clock)
    forget_files(run.id)
    run.refresh_from_db()
    run.notes["seen"] = run.notes.get("seen", {}) | seen
    run.save(update_fields=["notes"])
    return run if is_new else None


def mark_of(path: Path) -> list[int]:
    """What changes when a file does: its bytes, and when they were written."""
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def done_runs() -> Any:
    """Runs of files that need no second try: taken in, or not to be read."""
    is_done = Q(status=RunStatus.COMPLETED) | Q(status=RunStatus.FAILED, notes__is_unreadable=True)
    return IngestionRun.objects.filter(is_done, provider=PROVIDER)


def copy(path: Path, *, name: str, at: datetime) -> IngestionRun:
    """Put a copy aside under the run of what it holds; that may be an earlier one.

    Raises:
        OSError: it cannot be read any more.
    """
    aside = Path(settings.UPLOADS) / f"{PROVIDER}.copying"
    aside.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("rb") as source, aside.open("wb") as target:
        while block := source.read(COPY_BYTES):
            digest.update(block)
            target.write(block)
    run, _ = IngestionRun.objects.get_or_create(
        content_hash=digest.hexdigest(),
        defaults={"provider": PROVIDER, "source_name": name, "created_at": at},
    )
    aside.replace(prices_path(run.id))
    return run


def take_copy_in(run: IngestionRun, *, clock: Callable[[], datetime]) -> None:
    # A run that was interrupted left nothing behind; it begins again.
    IngestionRun.objects.filter(id=run.id).update(status=RunStatus.PENDING)
    try:
        take_in(run, prices=prices_path(run.id), instruments=None, clock=clock)
    except UnreadableFile as error:
        logger.warning("%s of PRICE_FOLDER was not taken in: %s", run.source_name, error)
        IngestionRun.objects.filter(id=run.id).update(notes={"is_unreadable": True})
