"""Days as the desk counts them where no exchange has a say: in UTC. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time


def utc_midnight(on: date) -> datetime:
    """Where a day of UTC begins."""
    return datetime.combine(on, time(), tzinfo=UTC)
