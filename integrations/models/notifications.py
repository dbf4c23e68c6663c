"""What users are told, how they want to be told, and the messages on their way."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.identifiers import new_id
from accounts.models import User
from integrations.events.kinds import KIND_CHOICES
from integrations.models.outbox import WAITING, Errand


class NotificationQuerySet(models.QuerySet["Notification"]):
    def for_user(self, user: User) -> Self:
        return self.filter(owner=user)

    def unread(self) -> Self:
        return self.filter(read_at=None)


class Notification(models.Model):
    """One message of a user's inbox. An event makes one at most, however often it is relayed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    event_id = models.UUIDField(unique=True)  # events are forgotten sooner
    kind = models.CharField(max_length=40, choices=KIND_CHOICES)
    title = models.CharField(max_length=200)
    text = models.CharField(max_length=500, blank=True)
    path = models.CharField(max_length=200, blank=True)  # the page that has more
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Notification]] = NotificationQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["owner", "-created_at", "-id"], name="notification_newest"),
            models.Index(
                fields=["owner"], condition=Q(read_at=None), name="notification_unread_of_user"
            ),
            models.Index(fields=["created_at"], name="notification_by_age"),
        )


class NotificationChoice(models.Model):
    """How a user wants to be told of one kind; without a row, as the kind is told by default."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=40, choices=KIND_CHOICES)
    in_inbox = models.BooleanField()
    by_mail = models.BooleanField()
    by_slack = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["owner", "kind"], name="notification_choice_once"),
        )


class QuietHours(models.Model):
    """When a user's mail and Slack wait: from one time of day to another, maybe past midnight."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    begins = models.TimeField()
    ends = models.TimeField()
    timezone = models.CharField(max_length=64)  # IANA name

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~Q(begins=F("ends")), name="quiet_hours_begin_before_they_end"
            ),
        )


class NotificationErrand(Errand):
    """A notification on its way to where the desk is not. An event makes one at most."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    event_id = models.UUIDField(unique=True)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        abstract = True


class NotificationMail(NotificationErrand):
    """A notification on its way to a mail box."""

    class Meta:
        indexes = (
            models.Index(fields=["due_at"], condition=WAITING, name="notification_mail_waiting"),
            models.Index(fields=["created_at"], name="notification_mail_by_age"),
        )


class SlackMessage(NotificationErrand):
    """A notification on its way to a channel of Slack."""

    class Meta:
        indexes = (
            models.Index(fields=["due_at"], condition=WAITING, name="slack_message_waiting"),
            models.Index(fields=["created_at"], name="slack_message_by_age"),
        )


class SlackChannel(models.Model):
    """Where in Slack a user is told. Whoever knows the address may post there, so it is sealed."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    address = models.BinaryField()  # sealed; bound to the owner
    host = models.CharField(max_length=253)  # what is shown of it
    connected_at = models.DateTimeField()
    broken_at = models.DateTimeField(null=True)
    broken_because = models.CharField(max_length=300, blank=True)

    @property
    def is_working(self) -> bool:
        return self.broken_at is None
