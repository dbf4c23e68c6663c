"""Events of the audit trail in words."""

from __future__ import annotations

from typing import Any, Final

from django import template

from accounts.audit_events import Change, facts_for_owner, find_changes, who_acted
from accounts.models import AuditEvent

register = template.Library()

NAMES: Final = {"api": "API", "csv": "CSV", "id": "id", "ids": "ids"}
ACTORS: Final = {
    "user": "himself",
    "member": "a member",
    "staff": "staff",
    "desk": "the desk",
    "unknown": "unknown",
}
OWN_ACTORS: Final = ACTORS | {"user": "you"}


@register.filter
def action_words(action: str) -> str:
    """``api_key.created`` as “API key created”."""
    words = action.replace(".", " ").replace("_", " ").split()
    text = " ".join(NAMES.get(word, word) for word in words)
    return text[:1].upper() + text[1:]


@register.filter
def fact_words(name: str) -> str:
    """``is_active`` as “active”, ``expires_at`` as “expires at”."""
    words = name.removeprefix("is_").split("_")
    return " ".join(NAMES.get(word, word) for word in words)


@register.filter
def fact_value(value: Any) -> str:
    """A recorded value for a reader; a dash for none."""
    if value is None or value in ("", []):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


@register.filter
def fact_changes(event: AuditEvent) -> list[Change]:
    return find_changes(event)


@register.filter
def actor_for_owner(event: AuditEvent) -> str:
    return OWN_ACTORS[who_acted(event)]


@register.filter
def address_for_owner(event: AuditEvent) -> str:
    return str(facts_for_owner(event)["address"])


@register.filter
def actor_for_staff(event: AuditEvent) -> str:
    """Who it was, by his address where he is still there."""
    if event.actor_id is None:
        return ACTORS[who_acted(event)]
    return event.actor.email if event.actor else f"deleted user {event.actor_id}"


@register.filter
def owner_for_staff(event: AuditEvent) -> str:
    if event.owner_id is None:
        return "–"
    return event.owner.email if event.owner else f"deleted user {event.owner_id}"
