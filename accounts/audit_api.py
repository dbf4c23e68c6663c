"""The audit trail for programs: a user's own events, and everybody's for administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from ninja import Query, Router
from pydantic import Field

from accounts.audit_events import (
    ACTION_LENGTH,
    ACTION_PATTERN,
    ORDER,
    facts_for_owner,
    matching,
    own_events,
    who_acted,
)
from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.exact_json import MomentIn
from accounts.http import ApiRequest
from accounts.models import AuditEvent
from accounts.schemas import PageIn, SchemaOut

router: Final = Router(tags=["Audit"])


class AuditSearch(PageIn):
    action: Annotated[
        str | None,
        Field(
            pattern=ACTION_PATTERN,
            max_length=ACTION_LENGTH,
            description="`api_key.revoked`, or `api_key` for all that happens to keys",
        ),
    ] = None
    start: Annotated[MomentIn | None, Field(description="from this moment on")] = None
    end: Annotated[MomentIn | None, Field(description="before this moment")] = None


class AuditSearchOfAll(AuditSearch):
    user_id: Annotated[UUID | None, Field(description="whose events; everybody's without")] = None


class AuditEventOut(SchemaOut):
    """`before` and `after` are the facts that changed; secrets are never among them."""

    id: UUID
    occurred_at: datetime
    action: str
    by: Annotated[
        str, Field(description="`user`, `member`, `staff`, `desk`, or `unknown`: nobody known")
    ]
    actor_id: UUID | None
    actor_key_id: Annotated[UUID | None, Field(description="the API key or sign-in that was used")]
    target: str
    target_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    via: str
    address: str
    request_id: str

    @classmethod
    def facts(cls, event: AuditEvent) -> dict[str, Any]:
        names = set(AuditEventOut.model_fields) - {"by"}
        return {name: getattr(event, name) for name in names}

    @classmethod
    def for_owner(cls, event: AuditEvent) -> Self:
        return cls(**cls.facts(event) | facts_for_owner(event))


class AuditEventList(SchemaOut):
    items: list[AuditEventOut]
    next_cursor: str | None


class OwnedAuditEventOut(AuditEventOut):
    owner_id: Annotated[UUID | None, Field(description="whose matter; null is staff's alone")]

    @classmethod
    def for_staff(cls, event: AuditEvent) -> Self:
        return cls(**cls.facts(event), owner_id=event.owner_id, by=who_acted(event))


class OwnedAuditEventList(SchemaOut):
    items: list[OwnedAuditEventOut]
    next_cursor: str | None


@router.get("/audit-events", response=AuditEventList, auth=KeyAuth("read"))
def list_audit_events(request: ApiRequest, wanted: Query[AuditSearch]) -> AuditEventList:
    """What was done to what is the user's, newest first, whoever did it."""
    filters = wanted.model_dump(exclude={"limit", "cursor"})
    found = Listing(request.auth, "audit-events", filters).page(
        matching(own_events(request.auth), **filters),
        order=ORDER,
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
    items = [AuditEventOut.for_owner(event) for event in found.items]
    return AuditEventList(items=items, next_cursor=found.next_cursor)


@router.get("/operations/audit-events", response=OwnedAuditEventList, auth=KeyAuth("admin"))
def list_all_audit_events(
    request: ApiRequest, wanted: Query[AuditSearchOfAll]
) -> OwnedAuditEventList:
    """Everybody's events, or those of one user, newest first."""
    filters = wanted.model_dump(exclude={"limit", "cursor"})
    events = AuditEvent.objects.all()
    if wanted.user_id is not None:
        events = events.filter(owner_id=wanted.user_id)
    narrowed = wanted.model_dump(include={"action", "start", "end"})
    found = Listing(request.auth, "all-audit-events", filters).page(
        matching(events, **narrowed), order=ORDER, limit=wanted.limit, cursor=wanted.cursor
    )
    items = [OwnedAuditEventOut.for_staff(event) for event in found.items]
    return OwnedAuditEventList(items=items, next_cursor=found.next_cursor)
