"""How far back a tier sees prices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from django.db.models import Model, QuerySet

from accounts.models import User
from accounts.utc_days import utc_midnight
from market.errors import HistoryExceeded

Row = TypeVar("Row", bound=Model)


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


def within(
    rows: QuerySet[Row, Row], moment: str, *, start: datetime | None, end: datetime | None = None
) -> QuerySet[Row, Row]:
    """Those of a span, whose end is not in it; None is open.

    Args:
        moment: the field by which rows stand in time.
    """
    span = {f"{moment}__gte": start, f"{moment}__lt": end}
    return rows.filter(**{name: bound for name, bound in span.items() if bound is not None})
