"""How far an import is, told while its transaction is still open."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection

from accounts.row_reports import RowReporter

REPORT_SECONDS: Final = 0.3
LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"


class ImportReporter(RowReporter):
    """Writes to an import's row."""

    def __init__(self, import_id: UUID) -> None:
        super().__init__("portfolio_fileimport", import_id, pause_seconds=REPORT_SECONDS)

    def report(self, rows_done: int) -> None:
        self.update_at_times(rows_done=rows_done)

    def report_lines(self, lines_done: int, lines: int) -> None:
        """While a file is read it is its lines that are counted."""
        self.update_at_times(rows_done=lines_done, rows_total=lines)


def is_alone(import_id: UUID) -> bool:
    """Whether no other process is at this import, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [str(import_id)])
        ((is_ours,),) = cursor.fetchall()
    return bool(is_ours)


def take_time() -> None:
    """Let the statements of this transaction take as long as a task may."""
    with connection.cursor() as cursor:
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"SET LOCAL {name} = '{settings.LIMITS.task_timeout_seconds}s'")


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector of cycles from looking at each row of a file again and again.

    Nothing that a row becomes is part of a cycle, so nothing piles up; even as seldom as the
    project has it look, that takes a sixth of the time. For workers only: elsewhere others need
    their cycles collected meanwhile.
    """
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            gc.enable()
