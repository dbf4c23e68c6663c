"""Sending notifications by mail: at least once, with a Message-ID that tells repeats."""

from __future__ import annotations

import logging
from datetime import datetime
from smtplib import SMTPException
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage

from integrations import errands
from integrations.models import NotificationMail
from integrations.notifications.inbox import mail_subject
from integrations.notifications.trying_again import LEASE, note_done, put_off

logger = logging.getLogger(__name__)

FOOT: Final = (
    "You are told because you chose so; Settings, Notifications changes it.\n"
    "Sent by your Holdfast desk."
)


def take_due(*, at: datetime, limit: int) -> list[NotificationMail]:
    due = NotificationMail.objects.select_related("owner")
    return errands.take(due, at=at, lease=LEASE, limit=limit)


def deliver(mail: NotificationMail, *, at: datetime) -> None:
    """Send one that was taken, and note what came of it."""
    message = EmailMessage(
        subject=mail_subject(mail.subject),
        body="\n\n".join(part for part in (mail.subject, mail.text, FOOT) if part),
        to=[mail.owner.email],
        # The same for each attempt, so that a mail box that got it twice can tell.
        headers={"Message-ID": f"<{mail.id}@{message_domain()}>"},
    )
    try:
        message.send()
    except (SMTPException, OSError) as error:
        logger.warning("A notification could not be mailed: %s", type(error).__name__)
        put_off(mail, error=f"{type(error).__name__}: {error}", at=at)
    else:
        note_done(mail, at=at)


def message_domain() -> str:
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">") or "holdfast"
