"""Stored prices: ticks, bars, the newest quote, and the runs that brought them."""

from __future__ import annotations

from typing import ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.identifiers import new_id
from accounts.models import User
from market.models.instruments import Instrument


class StoredInterval(models.TextChoices):
    """The bar lengths kept as rows; the others are derived from them when read."""

    MINUTE = "1m", "1 minute"
    FIVE_MINUTES = "5m", "5 minutes"
    FIFTEEN_MINUTES = "15m", "15 minutes"
    THIRTY_MINUTES = "30m", "30 minutes"
    HOUR = "1h", "1 hour"
    DAY = "1d", "1 day"


class Tick(models.Model):
    """One traded price. The table is range-partitioned by day of ``occurred_at``."""

    pk = models.CompositePrimaryKey("instrument_id", "occurred_at", "provider_tick_id")
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    occurred_at = models.DateTimeField()
    provider_tick_id = models.CharField(max_length=40)
    price = models.DecimalField(max_digits=20, decimal_places=8)
    size = models.DecimalField(max_digits=28, decimal_places=10)
    source = models.CharField(max_length=20)

    class Meta:
        managed = False  # the migration creates the partitioned table itself
        db_table = "market_tick"


class Bar(models.Model):
    """Open, high, low, close of one bucket.

    ``opened_at`` is the bucket's start in UTC; a day's bucket starts at the exchange's local
    midnight. ``turnover`` is the sum of price × size, so VWAP = turnover / volume. ``count`` is
    the number of ticks, or null where the source does not say. ``adjusted_close`` is the close
    as the source adjusts it for dividends; splits are already in every price.
    """

    pk = models.CompositePrimaryKey("instrument_id", "interval", "opened_at")
    # Without a constraint in the database, which would look up the instrument once per bar and
    # double the time of an import: each writer joins the instruments, and none is ever deleted.
    # Without an index of its own, because the primary key begins with it.
    instrument = models.ForeignKey(
        Instrument,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    interval = models.CharField(max_length=3, choices=StoredInterval.choices)
    opened_at = models.DateTimeField()
    open = models.DecimalField(max_digits=20, decimal_places=8)
    high = models.DecimalField(max_digits=20, decimal_places=8)
    low = models.DecimalField(max_digits=20, decimal_places=8)
    close = models.DecimalField(max_digits=20, decimal_places=8)
    adjusted_close = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    volume = models.DecimalField(max_digits=28, decimal_places=10)
    turnover = models.DecimalField(max_digits=38, decimal_places=10, null=True)
    count = models.IntegerField(null=True)
    source = models.CharField(max_length=20)
    # The first and last tick inside, by time and then id, so that a late tick changes open or
    # close only where it belongs there, and any order of arrival ends in the same bar.
    first_tick_at = models.DateTimeField(null=True)
    first_tick_id = models.CharField(max_length=40, null=True)  # noqa: DJ001 - absent, not empty
    last_tick_at = models.DateTimeField(null=True)
    last_tick_id = models.CharField(max_length=40, null=True)  # noqa: DJ001 - absent, not empty

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(low__gt=0)
                & Q(low__lte=F("open"))
                & Q(low__lte=F("close"))
                & Q(high__gte=F("open"))
                & Q(high__gte=F("close")),
                name="bar_low_and_high_enclose",
            ),
            models.CheckConstraint(condition=Q(volume__gte=0), name="bar_volume_not_negative"),
        )


class QuoteSnapshot(models.Model):
    """The newest quote of an instrument: what is served when Valkey has forgotten it."""

    instrument = models.OneToOneField(
        Instrument, on_delete=models.CASCADE, primary_key=True, related_name="quote_snapshot"
    )
    bid = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    bid_size = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    ask = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    ask_size = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    last = models.DecimalField(max_digits=20, decimal_places=8)
    last_size = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    previous_close = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    # Deeper levels of the street: [["price", "size"], …], best first.
    bid_levels = models.JSONField(default=list)
    ask_levels = models.JSONField(default=list)
    occurred_at = models.DateTimeField()
    source = models.CharField(max_length=20)


class IngestionRunQuerySet(models.QuerySet["IngestionRun"]):
    def for_user(self, user: User) -> Self:
        return self.filter(requested_by_id=user.id)


class RunStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    STALE = "stale", "Stale"  # its worker died; another run may take over


class IngestionRun(models.Model):
    """One intake of prices: a file, a back-fill, a provider's poll."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(max_length=20)
    source_name = models.CharField(max_length=255, blank=True)  # file name as uploaded
    status = models.CharField(max_length=10, choices=RunStatus.choices, default=RunStatus.PENDING)
    requested_by_id = models.UUIDField(null=True)
    rows_total = models.BigIntegerField(null=True)  # null until known
    rows_read = models.BigIntegerField(default=0)
    rows_written = models.BigIntegerField(default=0)
    rows_unchanged = models.BigIntegerField(default=0)
    rows_refused = models.BigIntegerField(default=0)
    # Facts that refuse nothing, by name: {"rows_without_volume": 435}.
    notes = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    # SHA-256 of a watched folder's file, so that each is taken in once; empty for other runs.
    content_hash = models.CharField(max_length=64, blank=True, default="", db_default="")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[IngestionRun]] = IngestionRunQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[tuple[models.BaseConstraint, ...]] = (
            models.CheckConstraint(
                condition=Q(status__in=RunStatus.values), name="ingestion_run_status_known"
            ),
            models.UniqueConstraint(
                fields=["content_hash"],
                condition=~Q(content_hash=""),
                name="ingestion_run_once_per_content",
            ),
        )
        indexes = (models.Index(fields=["-created_at"], name="ingestion_run_newest"),)


class QuarantineStatus(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RELEASED = "released", "Released"  # stored after all, as it was or corrected
    REJECTED = "rejected", "Rejected"  # stays out
    CONFIRMED = "confirmed", "Confirmed"  # by the price that followed; nobody need judge it


class QuarantinedKind(models.TextChoices):
    BAR = "bar", "Bar"
    TICK = "tick", "Tick"
    QUOTE = "quote", "Quote"
    RATE = "rate", "Exchange rate"
    OTHER = "other", "Other"  # no price: a dividend


class QuarantinedRowQuerySet(models.QuerySet["QuarantinedRow"]):
    def matching(
        self,
        *,
        status: str | None = None,
        code: str | None = None,
        provider: str | None = None,
        symbol: str | None = None,
        run_id: UUID | None = None,
    ) -> Self:
        """Rows of that state, reason, source, symbol as it was given, and run."""
        wanted = {
            "status": status,
            "code": code,
            "run__provider": provider,
            "raw__symbol": symbol.upper() if symbol else None,
            "run_id": run_id,
        }
        return self.filter(**{name: value for name, value in wanted.items() if value})


class QuarantinedRow(models.Model):
    """A row refused at the door, with its place and one reason, until somebody judges it.

    A line with several reasons has a row for each; they are judged together.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(IngestionRun, on_delete=models.CASCADE, related_name="refusals")
    line = models.BigIntegerField()  # 1 is the file's first line, the header
    kind = models.CharField(
        max_length=5,
        choices=QuarantinedKind.choices,
        default=QuarantinedKind.BAR,
        db_default=QuarantinedKind.BAR.value,
    )
    code = models.CharField(max_length=40)
    message = models.CharField(max_length=300)
    raw = models.JSONField()
    status = models.CharField(
        max_length=9,
        choices=QuarantineStatus.choices,
        default=QuarantineStatus.WAITING,
        db_default=QuarantineStatus.WAITING.value,
    )
    judged_at = models.DateTimeField(null=True)
    judged_by_id = models.UUIDField(null=True)
    # The price after a live one that jumped: {"price", "occurred_at", "source",
    # "provider_tick_id"}, the last null where it was a quote's.
    confirmed_by = models.JSONField(null=True)

    objects: ClassVar[models.Manager[QuarantinedRow]] = QuarantinedRowQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[tuple[models.BaseConstraint, ...]] = (
            models.UniqueConstraint(
                fields=["run", "line", "code"], name="quarantined_row_once_per_reason"
            ),
            models.CheckConstraint(
                condition=Q(status="waiting", judged_at__isnull=True)
                | Q(status__in=["released", "rejected", "confirmed"], judged_at__isnull=False),
                name="quarantined_row_judged_at_once",
            ),
            models.CheckConstraint(
                condition=Q(status="confirmed", confirmed_by__isnull=False)
                | (~Q(status="confirmed") & Q(confirmed_by__isnull=True)),
                name="quarantined_row_says_what_confirmed_it",
            ),
        )
        indexes = (models.Index(fields=["status", "-id"], name="quarantined_row_newest"),)
