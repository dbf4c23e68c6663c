"""Notifications as programs get them."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from accounts.schemas import PageIn, SchemaOut
from integrations.models import Notification


class NotificationsAsked(PageIn):
    unread: Annotated[bool, Field(description="only those not yet read")] = False


class NotificationOut(SchemaOut):
    """`kind` is that of the event it tells of, see the documentation of events."""

    id: UUID
    event_id: UUID
    kind: Annotated[str, Field(examples=["order.filled"])]
    title: str
    text: str
    path: Annotated[str, Field(description="the page of the desk that has more")]
    occurred_at: datetime
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, row: Notification) -> Self:
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class NotificationList(SchemaOut):
    items: list[NotificationOut]
    next_cursor: str | None


class ReadOut(SchemaOut):
    count: Annotated[int, Field(description="how many were unread")]
