"""Addresses that users have events sent to, and each event on its way to one of them."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.identifiers import new_id
from accounts.models import User
from integrations.models.outbox import WAITING, Errand


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def for_user(self, user: User) -> Self:
        return self.filter(owner=user)

    def enabled(self) -> Self:
        return self.filter(disabled_at=None)


class Webhook(models.Model):
    """Where a user wants events sent. Secrets are sealed, bound to the row.

    ``kinds`` are those of events; none means all, later ones included. ``former_secret`` signs
    beside the other until ``former_until``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks"
    )
    url = models.CharField(max_length=2048)
    description = models.CharField(max_length=120, blank=True)
    kinds = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    secret = models.BinaryField()
    former_secret = models.BinaryField(null=True)
    former_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    failing_since = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.CharField(max_length=200, blank=True)

    objects: ClassVar[models.Manager[Webhook]] = WebhookQuerySet.as_manager()

    @property
    def is_enabled(self) -> bool:
        return self.disabled_at is None


class DeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def for_user(self, user: User) -> Self:
        return self.filter(webhook__owner=user)

    def waiting(self) -> Self:
        return self.filter(WAITING)


class WebhookDelivery(Errand):
    """One event on its way to one webhook; ``body`` is what is sent, to the byte, each time."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    event_id = models.UUIDField()
    kind = models.CharField(max_length=40)
    body = models.TextField()
    created_at = models.DateTimeField()
    status_code = models.PositiveSmallIntegerField(null=True)  # of the latest answer

    objects: ClassVar[models.Manager[WebhookDelivery]] = DeliveryQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["webhook", "event_id"], name="webhook_delivery_once_per_event"
            ),
        )
        indexes = (
            models.Index(fields=["due_at"], condition=WAITING, name="webhook_delivery_waiting"),
            models.Index(fields=["webhook", "-created_at", "-id"], name="webhook_delivery_newest"),
            models.Index(fields=["created_at"], name="webhook_delivery_by_age"),
        )

    @property
    def state(self) -> str:
        if self.done_at is not None:
            return "delivered"
        return "failed" if self.given_up_at is not None else "waiting"
