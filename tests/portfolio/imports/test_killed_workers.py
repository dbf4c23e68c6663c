"""``kill -9`` of workers in the midst of an import: nothing half, nothing twice, and it ends."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from config.run import celery_worker
from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.imports.commits import commit_import
from portfolio.imports.previews import start_import
from portfolio.imports.tending import find_left, request_left
from portfolio.models import FileImport, JournalEntry, Portfolio, Posting
from tests.factories import make_instrument, make_user
from tests.portfolio.imports.factories import at, make_tracked, trades
from tests.support.desk import wait_until
from tests.support.processes import StartProcess

ROWS: Final = 700
SECONDS: Final = 120
Start = Callable[[], "subprocess.Popen[bytes]"]
WAITING: Final = """
SELECT 1 FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()
"""


@pytest.fixture
def start_worker(start_process: StartProcess) -> Start:
    """Return what starts the desk's own worker."""
    return lambda: start_process(*celery_worker("valuations", threads=1))


@contextmanager
def held_up(table: str) -> Iterator[None]:
    """Let nobody write to a table, so that whoever gets there stays in the midst of his work."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"LOCK TABLE {table} IN SHARE MODE")
            yield
            cursor.execute("ROLLBACK")
    finally:
        other.close()


@contextmanager
def killed_in_the_midst(worker: subprocess.Popen[bytes], *, writing: str) -> Iterator[None]:
    """Give a worker something to do, and end it without a word when it is to write to a table."""
    with held_up(writing):
        yield
        wait_until(
            lambda: bool(fetch_rows(WAITING, [])), seconds=SECONDS, what=f"work on {writing}"
        )
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    wait_until(lambda: len(find_left()) == 1, seconds=SECONDS, what="the import left alone")


def finish(found: FileImport, *, status: str) -> None:
    """Have the scheduler look once, as it does again and again, until the import is there."""
    assert request_left(expires_seconds=SECONDS) == 1

    def is_there() -> bool:
        found.refresh_from_db()
        return found.status == status

    wait_until(is_there, seconds=SECONDS, what=status)


def make_import() -> FileImport:
    """One that is read by a worker, because it is long, and booked by one, as it has many rows."""
    owner = make_user()
    make_instrument("AAPL")
    note = "x" * (settings.LIMITS.import_bytes_at_once // ROWS)
    header, *lines = trades(ROWS)
    content = "\n".join([f"{header},Remark", *(f"{line},{note}" for line in lines)])
    file = SimpleUploadedFile("orders.csv", content.encode())
    return start_import(
        portfolio=make_tracked(owner, "Depot"),
        content=file.read(),
        file_name="orders.csv",
        profile="",
        created_by=owner,
        created_at=at(),
    )


def numbers_of(portfolio: Portfolio) -> tuple[int, int, int]:
    entries = JournalEntry.objects.filter(portfolio=portfolio)
    return (
        entries.count(),
        Posting.objects.filter(entry__in=entries).count(),
        portfolio.lots.count(),
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
def test_an_import_ends_once_although_its_workers_die(start_worker: Start) -> None:
    with killed_in_the_midst(start_worker(), writing="portfolio_fileimportrow"):
        found = make_import()
        assert found.status == "pending"
    found.refresh_from_db()
    assert (found.status, found.rows.count()) == ("pending", 0)
    survivor = start_worker()
    finish(found, status="previewed")
    assert found.rows_total == found.rows.filter(status="ready").count() == ROWS

    with killed_in_the_midst(survivor, writing="portfolio_lotclosure"):
        commit_import(found=found, committed_at=at())
    found.refresh_from_db()
    assert (found.status, numbers_of(found.portfolio)) == ("committing", (0, 0, 0))
    start_worker()
    finish(found, status="committed")
    # Four postings of a purchase or a sale, and one more of its fee.
    assert numbers_of(found.portfolio) == (ROWS, ROWS * 5, ROWS * 3 // 4)
    assert found.rows_done == found.rows.exclude(entry_id=None).count() == ROWS


@pytest.mark.django_db(transaction=True)
def test_an_import_that_a_worker_is_at_is_not_asked_for_again() -> None:
    found = make_import()
    assert [import_id for import_id, _ in find_left()] == [found.id]
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [str(found.id)])
            assert find_left() == []
            assert request_left(expires_seconds=60) == 0
    finally:
        other.close()
    wait_until(lambda: len(find_left()) == 1, seconds=SECONDS, what="the lock gone")


@pytest.mark.django_db(transaction=True)
def test_only_what_is_at_work_is_asked_for() -> None:
    found = make_import()
    for status, expected in (
        ("pending", 1),
        ("previewed", 0),
        ("committing", 1),
        ("committed", 0),
        ("reversing", 1),
        ("reversed", 0),
        ("failed", 0),
    ):
        FileImport.objects.filter(id=found.id).update(status=status)
        assert request_left(expires_seconds=60) == expected, status
