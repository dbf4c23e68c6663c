"""What users want to be told of, and what has come of it.

``docs/alerts.md`` has the states and what each kind compares.
"""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.identifiers import new_id
from accounts.models import User
from market.alerts.kinds import (
    DIRECTION_CHOICES,
    KIND_CHOICES,
    STATUS_CHOICES,
    AlertKind,
    AlertStatus,
    Direction,
)
from market.alerts.terms import Condition
from market.models.instruments import Instrument
from market.models.prices import StoredInterval
from market.values import Interval


class AlertQuerySet(models.QuerySet["Alert"]):
    def for_user(self, user: User) -> Self:
        return self.filter(owner=user)

    def active(self) -> Self:
        """Alerts that may still fire."""
        return self.exclude(status=AlertStatus.TRIGGERED.value)


class Alert(models.Model):
    """A condition on one instrument's price.

    ``threshold`` is a price in the instrument's currency, or percent: 5 is 5 %. ``revision``
    counts the changes of the condition, so that nobody fires it by an earlier one. Over splits
    ``threshold`` is kept in shares of now; ``given_threshold`` is then what it was at ``given_at``.
    ``compared_at`` is the moment of the price that decided the status; only later ones count.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alerts"
    )
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=KIND_CHOICES)
    direction = models.CharField(max_length=5, choices=DIRECTION_CHOICES)
    threshold = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    given_threshold = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    given_at = models.DateTimeField(default=timezone.now, db_default=Now())
    interval = models.CharField(max_length=3, choices=StoredInterval.choices, blank=True)
    length = models.PositiveSmallIntegerField(null=True)  # bars
    fast_length = models.PositiveSmallIntegerField(null=True)  # bars; 1 is the price itself
    portfolio_id = models.UUIDField(null=True)  # whose holding; portfolios belong to a higher app
    repeats = models.BooleanField(default=False)
    cooldown_seconds = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=120, blank=True)
    status = models.CharField(max_length=10, choices=STATUS_CHOICES)
    revision = models.PositiveIntegerField(default=1)
    compared_at = models.DateTimeField(null=True)
    rearm_at = models.DateTimeField(null=True)  # not before this, after it has fired
    trigger_count = models.PositiveIntegerField(default=0)
    latest_trigger_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[Alert]] = AlertQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in AlertKind]), name="alert_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in AlertStatus]),
                name="alert_status_known",
            ),
            models.CheckConstraint(
                condition=Q(direction__in=[direction.value for direction in Direction]),
                name="alert_direction_known",
            ),
            models.CheckConstraint(
                condition=Q(kind=AlertKind.SMA_CROSS.value, threshold=None)
                | (~Q(kind=AlertKind.SMA_CROSS.value) & Q(threshold__isnull=False)),
                name="alert_threshold_where_needed",
            ),
        )
        indexes = (
            models.Index(fields=["owner", "-created_at", "-id"], name="alert_newest_of_user"),
            models.Index(
                fields=["instrument"],
                condition=~Q(status=AlertStatus.TRIGGERED.value),
                name="alert_active",
            ),
        )

    @property
    def waited_for(self) -> Condition:
        return Condition(
            kind=AlertKind(self.kind),
            threshold=self.threshold,
            direction=Direction(self.direction),
            interval=Interval(self.interval) if self.interval else None,
            length=self.length,
            fast_length=self.fast_length,
            portfolio_id=self.portfolio_id,
        )


class AlertTriggerQuerySet(models.QuerySet["AlertTrigger"]):
    def for_user(self, user: User) -> Self:
        return self.filter(owner=user)


class AlertTrigger(models.Model):
    """That an alert fired. Append-only, and it outlives its alert.

    ``condition`` is what was waited for, in words; ``level`` the price that it meant then,
    ``price`` the first that reached it, at ``occurred_at``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    alert_id = models.UUIDField()
    number = models.PositiveIntegerField()  # 1 for the alert's first
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    portfolio_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=20, choices=KIND_CHOICES)
    condition = models.CharField(max_length=160)
    note = models.CharField(max_length=120, blank=True)
    level = models.DecimalField(max_digits=28, decimal_places=8)
    price = models.DecimalField(max_digits=20, decimal_places=8)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[AlertTrigger]] = AlertTriggerQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["alert_id", "number"], name="alert_trigger_once"),
        )
        indexes = (
            models.Index(
                fields=["owner", "-recorded_at", "-id"], name="alert_trigger_newest_of_user"
            ),
        )


class AlertsSeen(models.Model):
    """Up to when a user has looked at what fired."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    seen_at = models.DateTimeField()
