"""The row of a run while it works: what a poller sees before the run's transaction commits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Final, Literal, Self
from uuid import UUID

from django.conf import settings
from django.db import connection

from market.models import IngestionRun
from market.models.prices import RunStatus

REPORT_SECONDS: Final = 0.5

Phase = Literal["reading", "storing"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; bytes are of the unpacked file, None where unknown before its end."""

    phase: Phase
    rows_read: int
    bytes_read: int
    bytes_total: int | None


class RunReporter:
    """Writes a run's progress through a connection of its own, outside the run's transaction."""

    def __init__(
        self,
        run_id: UUID,
        *,
        clock: Callable[[], datetime],
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._run_id = run_id
        self._clock = clock
        self._on_progress = on_progress
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

    def start(self) -> None:
        now = self._clock()
        self._update(
            status=RunStatus.RUNNING, started_at=now, heartbeat_at=now, finished_at=None, error=""
        )

    def report(self, progress: Progress) -> None:
        if self._on_progress is not None:
            self._on_progress(progress)
        if time.monotonic() - self._reported_at >= REPORT_SECONDS:
            self._reported_at = time.monotonic()
            self._update(rows_read=progress.rows_read, heartbeat_at=self._clock())

    def fail(self, message: str) -> None:
        now = self._clock()
        self._update(status=RunStatus.FAILED, error=message, finished_at=now, heartbeat_at=now)

    def _update(self, **values: Any) -> None:
        names = ", ".join(f'"{name}" = %s' for name in values)
        with self._connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE market_ingestionrun SET {names} WHERE id = %s",
                [*values.values(), self._run_id],
            )


def mark_stale_runs(*, at: datetime) -> int:
    """Mark runs that have not been heard of for long; return how many."""
    silent_since = at - timedelta(seconds=settings.LIMITS.price_run_silence_seconds)
    return IngestionRun.objects.filter(
        status=RunStatus.RUNNING, started_at__isnull=False, heartbeat_at__lt=silent_since
    ).update(status=RunStatus.STALE)
