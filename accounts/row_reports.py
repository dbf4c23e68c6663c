"""Telling how far work is while its transaction is still open."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from django.db import connection


class RowReporter:
    """Writes to one row through a connection of its own.

    The transaction that does the work must not have changed the row, or both wait for each other.
    """

    def __init__(self, table: str, row_id: UUID, *, pause_seconds: float) -> None:
        self._statement = f"UPDATE {table} SET {{names}} WHERE id = %s"
        self._row_id = row_id
        self._pause_seconds = pause_seconds
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

    def update_at_times(self, **values: Any) -> None:
        """Change columns, unless that was done a moment ago."""
        if time.monotonic() - self._reported_at >= self._pause_seconds:
            self._reported_at = time.monotonic()
            self.update(**values)

    def update(self, **values: Any) -> None:
        """Change columns at once."""
        names = ", ".join(f'"{name}" = %s' for name in values)
        with self._connection.cursor() as cursor:
            cursor.execute(self._statement.format(names=names), [*values.values(), self._row_id])
