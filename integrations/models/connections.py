"""Connections to brokers, what each sync did, and everything that was read."""

from __future__ import annotations

from typing import ClassVar, Final, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.identifiers import new_id
from accounts.models import User
from portfolio.models import Portfolio


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def for_user(self, user: User) -> Self:
        return self.filter(owner=user, deleting_since=None)

    def enabled(self) -> Self:
        return self.filter(disabled_at=None, deleting_since=None)


class Connection(models.Model):
    """A user's account at a broker, and the tracked portfolio that it is read into.

    Its credentials are in the vault, under its id. ``symbols`` says which instrument the owner
    chose for what the broker calls one. Everything up to ``read_through`` was read.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="broker_connections"
    )
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.PROTECT, related_name="broker_connections"
    )
    broker = models.CharField(max_length=40)  # a name in integrations.brokers.adapters
    name = models.CharField(max_length=80)
    is_sandbox = models.BooleanField(default=False)
    is_scheduled = models.BooleanField(default=True)
    account_id = models.CharField(max_length=80, blank=True)  # empty until it was reached once
    symbols = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    synced_at = models.DateTimeField(null=True)  # the latest that was completed
    read_through = models.DateTimeField(null=True)
    due_at = models.DateTimeField()  # the next scheduled sync
    sign_in_needed_since = models.DateTimeField(null=True)
    sign_in_reason = models.CharField(max_length=300, blank=True)
    disabled_at = models.DateTimeField(null=True)
    deleting_since = models.DateTimeField(null=True)  # a worker reverses what it booked

    objects: ClassVar[models.Manager[Connection]] = ConnectionQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["due_at"], condition=Q(disabled_at=None), name="connection_due"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_enabled(self) -> bool:
        return self.disabled_at is None

    @property
    def state(self) -> str:
        if not self.is_enabled:
            return "disabled"
        if self.sign_in_needed_since is not None:
            return "sign_in_needed"
        return "connected" if self.account_id else "unverified"


class SyncKind(models.TextChoices):
    VERIFICATION = "verification", "Verification"
    SYNC = "sync", "Sync"


class SyncStatus(models.TextChoices):
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"


WORKING: Final = (SyncStatus.QUEUED, SyncStatus.RUNNING)


class SyncQuerySet(models.QuerySet["Sync"]):
    def for_user(self, user: User) -> Self:
        return self.filter(connection__in=Connection.objects.for_user(user))

    def working(self) -> Self:
        return self.filter(status__in=WORKING)


class Sync(models.Model):
    """One reading of a connection. ``differences`` are those of the books after it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="syncs", db_index=False
    )
    kind = models.CharField(max_length=12, choices=SyncKind.choices, default=SyncKind.SYNC)
    is_scheduled = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=SyncStatus.choices, default=SyncStatus.QUEUED)
    requested_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True)  # of one that waits for the broker
    resume = models.TextField(blank=True)  # where its reading goes on
    seen_at = models.DateTimeField()  # when a worker last said that it is at it
    finished_at = models.DateTimeField(null=True)
    pages = models.PositiveIntegerField(default=0)
    rows_read = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_booked = models.PositiveIntegerField(default=0)
    rows_known = models.PositiveIntegerField(default=0)  # in the books already, by other ways
    rows_waiting = models.PositiveIntegerField(default=0)  # for their owner, see their problems
    differences = models.JSONField(default=list)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.CharField(max_length=500, blank=True)

    objects: ClassVar[models.Manager[Sync]] = SyncQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(status__in=["queued", "running"]),
                name="sync_one_at_a_time",
            ),
        )
        indexes = (models.Index(fields=["connection", "-requested_at", "-id"], name="sync_newest"),)

    @property
    def is_working(self) -> bool:
        return self.status in WORKING


class BrokerRowStatus(models.TextChoices):
    NEW = "new", "New"
    BOOKED = "booked", "Booked"
    KNOWN = "known", "In the books already"
    PROBLEM = "problem", "Waiting for you"


class BrokerRow(models.Model):
    """One activity as the broker told it, and what became of it. Read once, it stays.

    Rows of one ``event_id`` are legs: of money that was changed, one left and one came.
    """

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="rows", db_index=False
    )
    external_id = models.CharField(max_length=110)
    # Of what it is a leg, if anything.
    event_id = models.CharField(max_length=110, blank=True, default="", db_default="")
    occurred_at = models.DateTimeField()
    facts = models.JSONField()  # of the contract's activity
    symbol = models.CharField(max_length=80, blank=True)
    isin = models.CharField(max_length=20, blank=True)
    instrument_name = models.CharField(max_length=160, blank=True)
    raw = models.TextField()
    status = models.CharField(
        max_length=8, choices=BrokerRowStatus.choices, default=BrokerRowStatus.NEW
    )
    problems = models.JSONField(default=list)
    entry_id = models.UUIDField(null=True)  # what it became, or what it repeats

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["connection", "external_id"], name="broker_row_once"),
        )
        indexes = (
            models.Index(
                fields=["connection", "status", "occurred_at", "id"], name="broker_row_by_status"
            ),
        )
