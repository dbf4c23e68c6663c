"""When a notification that did not get through is tried again: mail and Slack alike."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from accounts import audit
from integrations.models import NotificationMail, SlackMessage

LEASE: Final = timedelta(minutes=2)
PAUSE: Final = timedelta(minutes=1)
PAUSE_MAXIMUM: Final = timedelta(hours=6)
ATTEMPTS: Final = 12  # about two days
ERROR_CHARACTERS: Final = 300


def note_done(message: NotificationMail | SlackMessage, *, at: datetime) -> None:
    message.done_at, message.error = at, ""
    message.save(update_fields=["done_at", "error"])


def put_off(
    message: NotificationMail | SlackMessage,
    *,
    error: str,
    at: datetime,
    asked_seconds: int = 0,
    is_final: bool = False,
) -> None:
    """Try it again after a pause that grows, or give it up.

    Args:
        asked_seconds: how long the receiver wants to be left alone; a longer pause counts.
        is_final: it will never get through.
    """
    pause = min(PAUSE * 2 ** (message.attempts - 1), PAUSE_MAXIMUM)
    message.error = error[:ERROR_CHARACTERS]
    message.due_at = at + max(pause, timedelta(seconds=asked_seconds))
    if is_final or message.attempts >= ATTEMPTS:
        message.given_up_at = at
    message.save(update_fields=["due_at", "given_up_at", "error"])


@transaction.atomic
def rerun_given_up(*, at: datetime) -> int:
    """Have all mail and Slack messages that were given up tried again from the start; how many."""
    anew = {"given_up_at": None, "attempts": 0, "due_at": at}
    count = sum(
        kind.objects.exclude(given_up_at=None).update(**anew)
        for kind in (NotificationMail, SlackMessage)
    )
    if count:
        audit.record(
            action="notification.rerun",
            owner_id=None,
            target="notification",
            target_id="",
            after={"messages": count},
            occurred_at=at,
        )
    return count
