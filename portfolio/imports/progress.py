"""How far an import is, told while its transaction is still open."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

from django.conf import settings
from django.db import connection

REPORT_SECONDS: Final = 0.3
LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"


class ImportReporter:
    """Writes to an import's row through a connection of its own.

    The transaction that does the work must not have changed the row, or both wait for each other.
    """

    def __init__(self, import_id: UUID) -> None:
        self._import_id = import_id
        self._connection = connection.copy()
        self._reported_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def report(self, rows_done: int) -> None:
        if time.monotonic() - self._reported_at >= REPORT_SECONDS:
            self._reported_at = time.monotonic()
            self.update(rows_done=rows_done)

    def update(self, **values: Any) -> None:
        """Change columns of the import at once."""
        names = ", ".join(f'"{name}" = %s' for name in values)
        with self._connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE portfolio_fileimport SET {names} WHERE id = %s",
                [*values.values(), self._import_id],
            )


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
