"""Taking errands: each to one worker at a time, and back where the worker dies."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from django.db import models, transaction

from integrations.models.outbox import WAITING, Errand

Row = TypeVar("Row", bound=Errand)


@transaction.atomic
def take(due: models.QuerySet[Row], *, at: datetime, lease: timedelta, limit: int) -> list[Row]:
    """Take what is due, the longest waiting first, each for the length of a lease.

    An errand that is neither finished nor put off within its lease is due again, so the lease
    must exceed what an attempt may take.
    """
    waiting = due.filter(WAITING, due_at__lte=at)
    locked = waiting.select_for_update(skip_locked=True, no_key=True, of=("self",))
    taken = list(locked.order_by("due_at", "pk")[:limit])
    if taken:
        rows = due.model._default_manager.filter(pk__in=[row.pk for row in taken])
        rows.update(due_at=at + lease, attempts=models.F("attempts") + 1)
        for row in taken:
            row.attempts += 1
            row.due_at = at + lease
    return taken
