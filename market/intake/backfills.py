"""Past prices from whoever has them for the desk as a whole, under a run that says what came."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db import connection

from market.intake.providers import history_provider
from market.models import IngestionRun, Instrument
from market.models.prices import RunStatus

BACKFILL: Final = "back-fill"  # the source_name of these runs


def backfill_history(*, clock: Callable[[], datetime]) -> IngestionRun:
    """Store what is missing of every active instrument's history, all of it or nothing.

    Repeated, it adds nothing. What goes wrong is raised, and the run says so.
    """
    provider = history_provider()
    instruments = Instrument.objects.active().select_related("exchange")
    started_at = clock()
    run = IngestionRun.objects.create(
        provider=provider.source,
        source_name=BACKFILL,
        status=RunStatus.RUNNING,
        created_at=started_at,
        started_at=started_at,
        heartbeat_at=started_at,
    )
    is_done = False
    written = 0
    try:
        written = provider.backfill(instruments, now=started_at)
        is_done = True
    finally:
        # After an error within a transaction nothing can be written, and the run goes with it.
        if is_done or not connection.in_atomic_block:
            run.status = RunStatus.COMPLETED if is_done else RunStatus.FAILED
            run.error = "" if is_done else "The back-fill was interrupted; the next one goes on."
            run.rows_total = run.rows_read = run.rows_written = written
            run.notes = {"instruments": instruments.count()}
            run.finished_at = run.heartbeat_at = clock()
            run.save()
    return run
