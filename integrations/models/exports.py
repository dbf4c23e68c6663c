"""Exports: what somebody wanted as files, what a night wrote, and each file of it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.identifiers import new_id
from accounts.models import User
from portfolio.models import Portfolio


class Dataset(models.TextChoices):
    TICKS = "ticks", "Ticks"
    BARS = "bars", "Bars"
    FILLS = "fills", "Fills"
    JOURNAL = "journal", "Journal"
    VALUATIONS = "valuations", "Valuations"
    POSITIONS = "positions", "Positions by day"
    EVERYTHING = "everything", "Everything of mine"

    @property
    def is_of_market(self) -> bool:
        """Whether it is about instruments; else it is about a portfolio."""
        return self in {Dataset.TICKS, Dataset.BARS}

    @property
    def is_of_valuations(self) -> bool:
        """Whether days have to be valued before they can be read."""
        return self in {Dataset.VALUATIONS, Dataset.POSITIONS}


class ExportStatus(models.TextChoices):
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"


WORKING = (ExportStatus.QUEUED, ExportStatus.RUNNING)


class ExportQuerySet(models.QuerySet["Export"]):
    def for_user(self, user: User) -> Self:
        return self.filter(owner=user)

    def nightly(self) -> Self:
        return self.filter(owner=None)

    def working(self) -> Self:
        return self.filter(status__in=WORKING)


class Export(models.Model):
    """One dataset over the days from ``start`` on and before ``end``, as Parquet files.

    Without an owner it is a night of the desk: one day, of everybody and everything. Its parts
    are written in order; ``parts_done`` of them are, so that another worker goes on from there.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="exports"
    )
    dataset = models.CharField(max_length=10, choices=Dataset.choices)
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    interval = models.CharField(max_length=3, blank=True)  # of bars
    symbols = models.JSONField(default=list)  # XNAS:AAPL; empty for all
    columns = models.JSONField(default=list)  # empty for all
    start = models.DateField()
    end = models.DateField()
    status = models.CharField(
        max_length=10, choices=ExportStatus.choices, default=ExportStatus.QUEUED
    )
    requested_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # when it was asked for, or a worker last said how far it is
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)  # since when its files are gone
    deaths = models.PositiveSmallIntegerField(default=0)  # of workers, since the latest part
    parts_total = models.PositiveIntegerField(default=0)
    parts_done = models.PositiveIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.CharField(max_length=500, blank=True)

    objects: ClassVar[models.Manager[Export]] = ExportQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(start__lt=F("end")), name="export_of_some_days"),
            models.CheckConstraint(
                condition=Q(dataset__in=Dataset.values), name="export_dataset_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=ExportStatus.values), name="export_status_known"
            ),
            models.UniqueConstraint(
                fields=["dataset", "interval", "start"],
                condition=Q(owner=None),
                name="export_once_a_night",
            ),
        )
        indexes = (
            models.Index(fields=["owner", "-requested_at", "-id"], name="export_newest"),
            models.Index(
                fields=["expires_at"], condition=Q(removed_at=None), name="export_with_files"
            ),
        )

    def __str__(self) -> str:
        return f"{self.dataset} from {self.start} to {self.end}"

    @property
    def folder(self) -> Path:
        """Where its files are; all nights share one, so that they read as one dataset."""
        root = Path(settings.EXPORTS)
        return root / "nightly" if self.owner_id is None else root / "on-demand" / str(self.id)

    @property
    def is_working(self) -> bool:
        return self.status in WORKING

    @property
    def is_ready(self) -> bool:
        """Whether its files are there."""
        return self.status == ExportStatus.COMPLETED and self.removed_at is None


class ExportFile(models.Model):
    """A file that an export wrote. ``path`` is within the export's folder."""

    id = models.BigAutoField(primary_key=True)
    export = models.ForeignKey(
        Export, on_delete=models.CASCADE, related_name="files", db_index=False
    )
    path = models.CharField(max_length=200)
    rows = models.PositiveBigIntegerField()
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["export", "path"], name="export_file_once"),)

    def __str__(self) -> str:
        return self.path
