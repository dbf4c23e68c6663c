"""Imports whose worker died are taken up again: nothing of them was kept, so they begin anew.

A message comes back by itself only after the longest time that a task may take, and its owner is
looking at the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.models.imports import WORKING, ImportStatus

# Whoever works at an import holds its lock, and loses it with his connection. Locks of 64 bits are
# shown in two halves.
LEFT: Final = """
SELECT found.id, found.status FROM portfolio_fileimport AS found
WHERE found.status = ANY(%s) AND NOT EXISTS (
    SELECT FROM pg_locks AS held
    WHERE held.locktype = 'advisory' AND held.objsubid = 1 AND held.granted
        AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (held.classid::bigint << 32) | held.objid::bigint
            = hashtextextended(found.id::text, 0)
)
ORDER BY found.created_at, found.id
"""


def request_left(*, expires_seconds: float) -> int:
    """Ask workers for what waits and nobody is at, and return how many imports that were.

    One that only waits for its turn is asked for twice then, which does no harm.

    Args:
        expires_seconds: after that long nobody need look at the message any more.
    """
    left = find_left()
    tasks = tasks_by_status()
    for import_id, status in left:
        task = tasks[ImportStatus(status)]
        task.apply_async(kwargs={"import_id": str(import_id)}, expires=expires_seconds)
    return len(left)


def find_left() -> list[tuple[UUID, str]]:
    """Imports at work by their status at which no worker is."""
    return [(row[0], row[1]) for row in fetch_rows(LEFT, [[one.value for one in WORKING]])]


def tasks_by_status() -> Mapping[ImportStatus, Any]:
    from portfolio import tasks  # noqa: PLC0415 - tasks import us

    return {
        ImportStatus.PENDING: tasks.preview_import,
        ImportStatus.COMMITTING: tasks.commit_import,
        ImportStatus.REVERSING: tasks.reverse_import,
    }
