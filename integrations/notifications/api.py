"""The inbox for programs."""

from typing import Final
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router

from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from integrations.models import Notification
from integrations.notifications import inbox
from integrations.notifications.schemas import (
    NotificationList,
    NotificationOut,
    NotificationsAsked,
    ReadOut,
)

router: Final = Router(tags=["Notifications"])
NEWEST_FIRST: Final = ("-created_at", "-id")


@router.get("/notifications", response=NotificationList, auth=KeyAuth("read"))
def list_notifications(request: ApiRequest, asked: Query[NotificationsAsked]) -> NotificationList:
    """What the caller was told, newest first; kept for three months."""
    rows = Notification.objects.for_user(request.auth.user)
    if asked.unread:
        rows = rows.unread()
    page = Listing(request.auth, "notifications", {"unread": asked.unread}).page(
        rows, order=NEWEST_FIRST, limit=asked.limit, cursor=asked.cursor
    )
    items = [NotificationOut.of(row) for row in page.items]
    return NotificationList(items=items, next_cursor=page.next_cursor)


@router.post("/notifications/read", response=ReadOut, auth=KeyAuth("trade"))
@idempotent(required=False)
def read_all_notifications(request: ApiRequest) -> ReadOut:
    """Note that all until now are read."""
    now = timezone.now()
    return ReadOut(count=inbox.mark_all_read(owner=request.auth.user, up_to=now, read_at=now))


@router.post(
    "/notifications/{uuid:notification_id}/read", response=NotificationOut, auth=KeyAuth("trade")
)
@idempotent(required=False)
def read_notification(request: ApiRequest, notification_id: UUID) -> NotificationOut:
    """Note that one is read; repeating it keeps the first time."""
    row = inbox.mark_read(
        owner=request.auth.user, notification_id=notification_id, read_at=timezone.now()
    )
    return NotificationOut.of(row)
