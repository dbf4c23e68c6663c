"""How far back a tier sees prices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from accounts.models import User
from accounts.utc_days import utc_midnight
from market.errors import HistoryExceeded


def history_start(user: User, *, at: datetime) -> datetime | None:
    """Since when the user's tier shows prices, a midnight in UTC; None for always."""
    days = user.allowance.history_days
    if days is None:
        return None
    first_date = at.astimezone(UTC).date() - timedelta(days=days)
    return utc_midnight(first_date)


def permitted_start(
    user: User, *, start: datetime | None, end: datetime | None, at: datetime
) -> datetime | None:
    """Where a span may start: where it was asked to, else where the tier's history does.

    Raises:
        HistoryExceeded: the span was asked to start, or ends, before that.
    """
    since = history_start(user, at=at)
    if since is None:
        return start
    for name, moment in (("start", start), ("end", end)):
        if moment is not None and moment < since:
            raise HistoryExceeded(user.tier, field=name, found=moment, since=since)
    return start or since
