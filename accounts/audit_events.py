"""Reading the audit trail: whose events, which of them, and what each reader is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts.audit import Via
from accounts.auth import Caller
from accounts.models import AuditEvent, AuditEventQuerySet

ORDER: Final = ("-occurred_at", "-id")
ACTION_PATTERN: Final = r"^[a-z_]+(\.[a-z_]+)?$"
ACTION_LENGTH: Final = 60
OFFERED_AMONG: Final = 1_000


@dataclass(frozen=True, slots=True)
class Change:
    """One fact, as it was and as it is; None where there was or is none."""

    name: str
    before: Any
    after: Any


def own_events(caller: Caller) -> AuditEventQuerySet:
    """What is the caller's matter; to a key bound to portfolios, what happened to those."""
    events = AuditEvent.objects.for_user(caller.user)
    if not caller.portfolio_ids:
        return events
    reached = [str(portfolio_id) for portfolio_id in caller.portfolio_ids]
    return events.filter(target="portfolio", target_id__in=reached)


def matching(
    events: AuditEventQuerySet,
    *,
    action: str | None,
    start: datetime | None,
    end: datetime | None,
) -> AuditEventQuerySet:
    """Narrow events down.

    Args:
        action: ``api_key.revoked``, or ``api_key`` for all that happens to keys.
        start: from this moment on.
        end: before this moment.

    Each comes with its actor.
    """
    events = events.select_related("actor")
    if action:
        is_exact = "." in action
        events = (
            events.filter(action=action)
            if is_exact
            else events.filter(action__startswith=f"{action}.")
        )
    if start is not None:
        events = events.filter(occurred_at__gte=start)
    if end is not None:
        events = events.filter(occurred_at__lt=end)
    return events


def offered_actions(events: AuditEventQuerySet) -> list[str]:
    """Actions to choose from: those among the newest events."""
    newest = events.order_by(*ORDER).values_list("action", flat=True)[:OFFERED_AMONG]
    return sorted(set(newest))


def who_acted(event: AuditEvent) -> str:
    """Who it was, in one word.

    ``user`` (whose matter it is), ``member`` (with whom he shares a portfolio), ``staff``,
    ``desk``, or ``unknown``: nobody had signed in. The event must come with its ``actor``.
    """
    if event.actor_id is None:
        return "desk" if event.via in {Via.TASK, Via.COMMAND} else "unknown"
    if event.actor_id == event.owner_id:
        return "user"
    is_member = event.actor is not None and not event.actor.is_staff
    return "member" if is_member else "staff"


def facts_for_owner(event: AuditEvent) -> dict[str, Any]:
    """Who and from where; of staff a user learns that it was, of a member who and not where."""
    by = who_acted(event)
    is_told = by != "staff"
    is_located = by not in {"staff", "member"}
    actor_id: UUID | None = event.actor_id if is_told else None
    return {
        "by": by,
        "actor_id": actor_id,
        "actor_key_id": event.actor_key_id if is_located else None,
        "address": event.address if is_located else "",
    }


def find_changes(event: AuditEvent) -> list[Change]:
    before: Mapping[str, Any] = event.before or {}
    after: Mapping[str, Any] = event.after or {}
    names = dict.fromkeys((*before, *after))
    return [Change(name, before.get(name), after.get(name)) for name in names]
