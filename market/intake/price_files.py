"""Price files into the database: from the command line, and as uploads with a run to poll.

A file is taken in by one transaction, so it is in wholly or not at all; its run's progress is
written beside it. The same file again writes nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import IO, Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from accounts import audit
from accounts.models import User
from market.errors import UnknownRun, UnreadableFile
from market.instruments.instrument_files import import_instruments, read_instruments
from market.intake.bars import joins_of_sets, lock_daily_bars, write_arrivals
from market.intake.price_archives import PriceSource, open_prices
from market.intake.price_layout import RefusedLine, read_layout, read_lines
from market.intake.price_runs import Progress, RunReporter, mark_stale_runs
from market.intake.price_staging import Checked, PriceStaging
from market.models import IngestionRun
from market.models.prices import RunStatus
from market.tasks import run_price_import

PROVIDER: Final = "file"
COPY_BYTES: Final = 1 << 20
NAME_CHARACTERS: Final = 255
FINISHED: Final = frozenset({RunStatus.COMPLETED, RunStatus.FAILED})


def start_import(
    *,
    prices: IO[bytes],
    name: str,
    requested_by: User | None,
    created_at: datetime,
    instruments: IO[bytes] | None = None,
) -> IngestionRun:
    """Keep an uploaded file, look at its first line, and queue the run that takes it in.

    Raises:
        UnreadableFile: too big, no file of prices, or an archive of another shape than allowed.
    """
    run = IngestionRun(
        provider=PROVIDER,
        source_name=Path(name).name[:NAME_CHARACTERS],
        requested_by_id=requested_by.id if requested_by else None,
        created_at=created_at,
    )
    try:
        _keep(prices, prices_path(run.id))
        check_readable(prices_path(run.id))
        if instruments is not None:
            _keep(instruments, instruments_path(run.id))
            read_instruments(instruments_path(run.id))
    except UnreadableFile:
        forget_files(run.id)
        raise
    _save_new(run)
    mark_stale_runs(at=created_at)
    # The run is kept by now: where the queue is away, it is answered, and shows as stale in time.
    transaction.on_commit(lambda: run_price_import.delay(run_id=str(run.id)), robust=True)
    return run


@transaction.atomic
def _save_new(run: IngestionRun) -> None:
    run.save(force_insert=True)
    audit.record(
        action="price_import.started",
        owner_id=None,
        target="ingestion_run",
        target_id=str(run.id),
        after={"file": run.source_name},
        occurred_at=run.created_at,
    )


def run_import(run_id: UUID, *, clock: Callable[[], datetime] = timezone.now) -> IngestionRun:
    """Take in the file of a queued run; harmless where it is done or another process does it.

    Raises:
        UnknownRun: there is no such run.
    """
    run = IngestionRun.objects.filter(id=run_id).first()
    if run is None:
        raise UnknownRun(run_id)
    if run.status in FINISHED:
        return run
    instruments = instruments_path(run_id)
    try:
        run = take_in(
            run,
            prices=prices_path(run_id),
            instruments=instruments if instruments.exists() else None,
            clock=clock,
        )
    except UnreadableFile:
        run.refresh_from_db()  # the run says what was wrong
    if run.status in FINISHED:
        forget_files(run_id)
    return run


def import_file(
    prices: Path,
    *,
    instruments: Path | None,
    clock: Callable[[], datetime] = timezone.now,
    on_progress: Callable[[Progress], None] | None = None,
    source: str = PROVIDER,
) -> IngestionRun:
    """Take in a file that lies on this machine, at once.

    Raises:
        UnreadableFile: nothing of it was stored; the run says so too.
    """
    run = IngestionRun.objects.create(
        provider=source, source_name=prices.name[:NAME_CHARACTERS], created_at=clock()
    )
    return take_in(
        run, prices=prices, instruments=instruments, clock=clock, on_progress=on_progress
    )


def take_in(
    run: IngestionRun,
    *,
    prices: Path,
    instruments: Path | None,
    clock: Callable[[], datetime],
    on_progress: Callable[[Progress], None] | None = None,
) -> IngestionRun:
    """Take in a file under its run, which is then completed, or failed and says why.

    Where another process is at it, nothing happens.

    Raises:
        UnreadableFile: nothing of it was stored.
    """
    with RunReporter(run.id, clock=clock, on_progress=on_progress) as reporter:
        failure = "The import was interrupted; nothing of the file was stored."
        is_done = False
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                if _is_ours(cursor, run.id):
                    reporter.start()
                    _take_in(cursor, run, prices, instruments, clock=clock, reporter=reporter)
            is_done = True
        except UnreadableFile as error:
            failure = str(error)
            raise
        finally:
            if not is_done:
                reporter.fail(failure)
    run.refresh_from_db()
    return run


def check_readable(path: Path) -> None:
    """Raises:
    UnreadableFile: the file cannot be opened, or its first line lacks columns.
    """
    with open_prices(path) as source:
        for lines in source.lines():
            read_layout(lines[0])
            return
    raise UnreadableFile("The file is empty.")


def prices_path(run_id: UUID) -> Path:
    return Path(settings.UPLOADS) / f"{run_id}.prices"


def instruments_path(run_id: UUID) -> Path:
    return Path(settings.UPLOADS) / f"{run_id}.instruments"


def _take_in(
    cursor: CursorWrapper,
    run: IngestionRun,
    prices: Path,
    instruments: Path | None,
    *,
    clock: Callable[[], datetime],
    reporter: RunReporter,
) -> None:
    # The limits are those of a request; a file may take as long as a task.
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        cursor.execute(f"SET LOCAL {name} = '{settings.LIMITS.task_timeout_seconds}s'")
    cursor.execute("SET LOCAL work_mem = '64MB'")
    if instruments is not None:
        import_instruments(instruments, imported_at=clock())
    now = clock()
    staging = PriceStaging(cursor, run_id=run.id, now=now)
    with open_prices(prices) as source:
        rows_read = _stage(source, staging, reporter)
        reporter.report(Progress("storing", rows_read, source.bytes_read, source.bytes_read))
    with joins_of_sets(cursor):
        checked = staging.check()
    _refuse_nonsense(checked.refused)
    lock_daily_bars(cursor)
    stored = write_arrivals(
        cursor, checked.arrivals, source=run.provider, recorded_at=now, run_id=run.id
    )
    accounted = stored.written + stored.unchanged + checked.repeated + checked.refused
    if accounted != rows_read:
        raise RuntimeError(f"{rows_read} rows were read, but {accounted} accounted for")
    finished_at = clock()
    IngestionRun.objects.filter(id=run.id).update(
        status=RunStatus.COMPLETED,
        rows_total=rows_read,
        rows_read=rows_read,
        rows_written=stored.written,
        rows_unchanged=stored.unchanged + checked.repeated,
        rows_refused=checked.refused,
        notes=_notes(checked, superseded=stored.superseded),
        heartbeat_at=finished_at,
        finished_at=finished_at,
    )


def _notes(checked: Checked, *, superseded: int) -> dict[str, int]:
    return {
        "rows_without_volume": checked.without_volume,
        "rows_repeated": checked.repeated,
        "bars_superseded": superseded,
    }


def _stage(source: PriceSource, staging: PriceStaging, reporter: RunReporter) -> int:
    """Bring every line into the staging table, or refuse it; return how many rows there were."""
    blocks = source.lines()
    head = next(blocks, None)
    if head is None:
        raise UnreadableFile("The file is empty.")
    layout = read_layout(head[0])
    line = 2
    rows_read = 0
    refused: list[RefusedLine] = []
    with staging.staging(layout) as stage:
        for lines in chain([head[1:]], blocks):
            staged, unreadable = read_lines(layout, lines, first_line=line)
            stage(b"".join(staged))
            refused += unreadable
            _refuse_nonsense(len(refused))
            line += len(lines)
            rows_read += len(staged) + len(unreadable)
            reporter.report(Progress("reading", rows_read, source.bytes_read, source.size_bytes))
    if refused:
        staging.refuse_lines(refused)
    return rows_read


def _refuse_nonsense(refused: int) -> None:
    allowed = settings.LIMITS.price_file_refusals
    if refused > allowed:
        raise UnreadableFile(
            f"{refused} rows or more are wrong, more than {allowed}; nothing was stored. Are the"
            " file's instruments here? If not, give a file of instruments along with it."
        )


def _is_ours(cursor: CursorWrapper, run_id: UUID) -> bool:
    """Whether the run is still to do and no other process is at it, until the transaction ends."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [str(run_id)])
    ((is_alone,),) = cursor.fetchall()
    is_to_do = IngestionRun.objects.filter(id=run_id).exclude(status__in=FINISHED).exists()
    return bool(is_alone) and is_to_do


def _keep(upload: IO[bytes], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        shutil.copyfileobj(upload, file, COPY_BYTES)
        size = file.tell()
    if size > settings.LIMITS.upload_bytes:
        raise UnreadableFile(
            f"The file has {size} bytes, must have at most {settings.LIMITS.upload_bytes}."
        )


def forget_files(run_id: UUID) -> None:
    prices_path(run_id).unlink(missing_ok=True)
    instruments_path(run_id).unlink(missing_ok=True)
