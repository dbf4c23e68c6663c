"""The row of a run while it works: what a poller sees before the run's transaction commits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from django.conf import settings

from accounts.row_reports import RowReporter
from market.models import IngestionRun
from market.models.prices import RunStatus

REPORT_SECONDS: Final = 0.5
TICKS_OF: Final = "ticks of "  # before the day, names a run of what was refused at the door

Phase = Literal["reading", "storing"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; bytes are of the unpacked file, None where unknown before its end."""

    phase: Phase
    rows_read: int
    bytes_read: int
    bytes_total: int | None


class RunReporter(RowReporter):
    """Writes a run's progress."""

    def __init__(
        self,
        run_id: UUID,
        *,
        clock: Callable[[], datetime],
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        super().__init__("market_ingestionrun", run_id, pause_seconds=REPORT_SECONDS)
        self._clock = clock
        self._on_progress = on_progress

    def start(self) -> None:
        now = self._clock()
        self.update(
            status=RunStatus.RUNNING, started_at=now, heartbeat_at=now, finished_at=None, error=""
        )

    def report(self, progress: Progress) -> None:
        if self._on_progress is not None:
            self._on_progress(progress)
        self.update_at_times(rows_read=progress.rows_read, heartbeat_at=self._clock())

    def fail(self, message: str) -> None:
        now = self._clock()
        self.update(status=RunStatus.FAILED, error=message, finished_at=now, heartbeat_at=now)


def mark_stale_runs(*, at: datetime) -> int:
    """Mark runs that have not been heard of for long; return how many."""
    silent_since = at - timedelta(seconds=settings.LIMITS.price_run_silence_seconds)
    return (
        IngestionRun.objects.filter(
            status=RunStatus.RUNNING, started_at__isnull=False, heartbeat_at__lt=silent_since
        )
        .exclude(source_name__startswith=TICKS_OF)
        .update(status=RunStatus.STALE)
    )


def finish_days_of_ticks(*, at: datetime) -> int:
    """Complete the runs of refused ticks whose UTC day is over; return how many."""
    today = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return IngestionRun.objects.filter(
        status=RunStatus.RUNNING, source_name__startswith=TICKS_OF, created_at__lt=today
    ).update(status=RunStatus.COMPLETED, finished_at=today)
