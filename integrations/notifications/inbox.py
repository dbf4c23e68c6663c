"""The inbox: what events become for their owner, and what he has read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.errors import NotFound
from accounts.models import User
from integrations.models import (
    Notification,
    NotificationMail,
    OutboxEvent,
    QuietHours,
    SlackChannel,
    SlackMessage,
)
from integrations.notifications.choices import DEFAULTS, choices_of
from integrations.notifications.quiet_time import next_allowed
from integrations.notifications.wording import Wording, wording_of
from market.live import user_news

TITLE_CHARACTERS: Final = 200
TEXT_CHARACTERS: Final = 500
KEPT: Final = timedelta(days=90)
NEWS: Final = timedelta(days=30)  # what happened longer before it was recorded is history
Message = TypeVar("Message", NotificationMail, SlackMessage)


def take_events(events: Sequence[OutboxEvent], *, at: datetime) -> None:
    """Write what events become for their owners, each once; a consumer of the outbox.

    Nobody is told of each dividend of the years that a file or a broker brings.
    """
    events = [event for event in events if event.recorded_at - event.occurred_at <= NEWS]
    owner_ids = {event.owner_id for event in events}
    chosen = choices_of(owner_ids)
    mailed, slacked = mail_readers(owner_ids), slack_readers(owner_ids)
    quiet = {row.owner_id: row for row in QuietHours.objects.filter(owner_id__in=owner_ids)}
    notifications, mails, messages = [], [], []
    for event in events:
        choice = chosen.get((event.owner_id, event.kind), DEFAULTS[event.kind])
        wording = wording_of(event.kind, event.data)
        if choice.in_inbox:
            notifications.append(_notification(event, wording, at=at))
        if choice.by_mail and event.owner_id in mailed:
            mails.append(_errand(NotificationMail, event, wording, quiet, at=at))
        if choice.by_slack and event.owner_id in slacked:
            messages.append(_errand(SlackMessage, event, wording, quiet, at=at))
    Notification.objects.bulk_create(notifications, ignore_conflicts=True)
    NotificationMail.objects.bulk_create(mails, ignore_conflicts=True)
    SlackMessage.objects.bulk_create(messages, ignore_conflicts=True)


def mail_readers(owner_ids: set[UUID]) -> set[UUID]:
    """Those of them who have a mail box and an account that is open."""
    readers = User.objects.filter(id__in=owner_ids, is_active=True, is_demo=False)
    return set(readers.values_list("id", flat=True))


def slack_readers(owner_ids: set[UUID]) -> set[UUID]:
    """Those of them who have connected a channel that works, and whose account is open."""
    channels = SlackChannel.objects.filter(owner_id__in=owner_ids, broken_at=None)
    return set(channels.filter(owner__is_active=True).values_list("owner_id", flat=True))


def _notification(event: OutboxEvent, wording: Wording, *, at: datetime) -> Notification:
    return Notification(
        owner_id=event.owner_id,
        event_id=event.id,
        kind=event.kind,
        title=wording.title[:TITLE_CHARACTERS],
        text=wording.text[:TEXT_CHARACTERS],
        path=wording.path,
        occurred_at=event.occurred_at,
        created_at=at,
    )


def _errand(
    kind: type[Message],
    event: OutboxEvent,
    wording: Wording,
    quiet_hours: Mapping[UUID, QuietHours],
    *,
    at: datetime,
) -> Message:
    due_at = at
    if quiet := quiet_hours.get(event.owner_id):
        due_at = next_allowed(at, begins=quiet.begins, ends=quiet.ends, timezone=quiet.timezone)
    return kind(
        owner_id=event.owner_id,
        event_id=event.id,
        subject=wording.title[:TITLE_CHARACTERS],
        text=wording.text,
        created_at=at,
        due_at=due_at,
    )


def unread_count(user: User) -> int:
    return Notification.objects.for_user(user).unread().count()


@transaction.atomic
def mark_read(*, owner: User, notification_id: UUID, read_at: datetime) -> Notification:
    """Note that one is read. Repeating it keeps the first time.

    Raises:
        NotFound: the owner has no such notification.
    """
    found = Notification.objects.for_user(owner).select_for_update().filter(id=notification_id)
    notification = found.first()
    if notification is None:
        raise NotFound("There is no such notification.")
    if notification.read_at is None:
        notification.read_at = read_at
        notification.save(update_fields=["read_at"])
        transaction.on_commit(partial(user_news.tell, [owner.id]))
    return notification


@transaction.atomic
def mark_all_read(*, owner: User, up_to: datetime, read_at: datetime) -> int:
    """Note that all written by then are read; return how many were not."""
    unread = Notification.objects.for_user(owner).unread().filter(created_at__lte=up_to)
    count = unread.update(read_at=read_at)
    if count:
        transaction.on_commit(partial(user_news.tell, [owner.id]))
    return count


def sweep(*, at: datetime) -> int:
    """Forget what is older than three months: read or not, through or not."""
    kinds = (Notification, NotificationMail, SlackMessage)
    return sum(kind.objects.filter(created_at__lt=at - KEPT).delete()[0] for kind in kinds)


def mail_subject(subject: str) -> str:
    return f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}{subject}"
