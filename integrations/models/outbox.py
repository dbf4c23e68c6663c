"""Domain events on their way out, and the shape of whatever is tried again until it is through."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.identifiers import new_id
from accounts.models import User
from integrations.events.kinds import KIND_CHOICES


class Errand(models.Model):
    """Something to be done until it is done or given up.

    Whoever takes it moves ``due_at`` on by a lease before he begins; where he dies, it comes up
    again by itself. So it is done at least once.
    """

    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)  # of the latest attempt

    class Meta:
        abstract = True


WAITING = Q(done_at=None, given_up_at=None)


class OutboxEventQuerySet(models.QuerySet["OutboxEvent"]):
    def for_user(self, user: User) -> Self:
        return self.filter(owner=user)

    def waiting(self) -> Self:
        return self.filter(WAITING)

    def dead(self) -> Self:
        """Given up; staff may have them tried again."""
        return self.exclude(given_up_at=None)


class OutboxEvent(Errand):
    """A domain event, written in the transaction of what it tells of."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=40, choices=KIND_CHOICES)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    data = models.JSONField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    streamed_at = models.DateTimeField(null=True)  # since when the stream of Valkey has it

    objects: ClassVar[models.Manager[OutboxEvent]] = OutboxEventQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["due_at", "id"], condition=WAITING, name="outbox_waiting"),
            models.Index(fields=["recorded_at"], name="outbox_by_age"),
            models.Index(
                fields=["recorded_at", "id"],
                condition=Q(streamed_at=None),
                name="outbox_not_streamed",
            ),
            models.Index(
                fields=["-given_up_at"],
                condition=Q(given_up_at__isnull=False),
                name="outbox_dead",
            ),
        )
