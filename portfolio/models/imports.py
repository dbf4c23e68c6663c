"""Files on their way into the books, row by row."""

from __future__ import annotations

from typing import ClassVar, Final, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.identifiers import new_id
from accounts.models import User
from accounts.roles import Role
from market.models import Instrument
from portfolio.models.portfolios import Portfolio


class ImportStatus(models.TextChoices):
    PENDING = "pending", "Being read"
    PREVIEWED = "previewed", "To be looked at"
    COMMITTING = "committing", "Being booked"
    COMMITTED = "committed", "Booked"
    REVERSING = "reversing", "Being undone"
    REVERSED = "reversed", "Undone"
    FAILED = "failed", "Not readable"


# What is at work by itself, and what waits for its owner.
WORKING: Final = (ImportStatus.PENDING, ImportStatus.COMMITTING, ImportStatus.REVERSING)
OPEN: Final = (ImportStatus.PENDING, ImportStatus.PREVIEWED, ImportStatus.FAILED)


class RowStatus(models.TextChoices):
    READY = "ready", "Ready"
    DUPLICATE = "duplicate", "Duplicate"
    PROBLEM = "problem", "Problem"
    SKIPPED = "skipped", "No activity"


class RowDecision(models.TextChoices):
    """What the owner says against what a row's status would have done."""

    NONE = "", "By its status"
    IMPORT = "import", "Import"
    SKIP = "skip", "Leave out"


class FileImportQuerySet(models.QuerySet["FileImport"]):
    def for_user(self, user: User, role: Role = Role.OWNER) -> Self:
        """Imports into portfolios in which the user has at least that role."""
        return self.filter(portfolio__in=Portfolio.objects.for_user(user, role))


class FileImport(models.Model):
    """One file, or one paste. ``content`` is kept until its rows are booked.

    ``mapping`` names a column for each field, ``choices`` an instrument for what the file calls
    one, and a portfolio for what it calls an account.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    portfolio = models.ForeignKey(Portfolio, on_delete=models.PROTECT, related_name="imports")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    # Portfolios that the key it came by is bound to; empty where it is bound to none.
    bound_to = models.JSONField(default=list)
    file_name = models.CharField(max_length=120)
    content = models.BinaryField(null=True)
    asked_profile = models.CharField(max_length=30, blank=True)
    profile = models.CharField(max_length=30, blank=True)
    columns = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    is_mapping_own = models.BooleanField(default=False)
    date_order = models.CharField(max_length=12, blank=True)
    is_date_order_certain = models.BooleanField(default=True)
    decimal_mark = models.CharField(max_length=1, blank=True)
    is_style_own = models.BooleanField(default=False)
    choices = models.JSONField(default=dict)
    status = models.CharField(
        max_length=12, choices=ImportStatus.choices, default=ImportStatus.PENDING
    )
    error = models.CharField(max_length=500, blank=True)
    rows_total = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    previewed_at = models.DateTimeField(null=True)
    committed_at = models.DateTimeField(null=True)
    reversed_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[FileImport]] = FileImportQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=ImportStatus.values), name="file_import_status_known"
            ),
        )
        indexes = (
            models.Index(fields=["portfolio", "created_at", "id"], name="file_import_by_portfolio"),
        )

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_working(self) -> bool:
        return self.status in WORKING


class FileImportRow(models.Model):
    """One activity that a line of the file means, or why it means none.

    ``facts`` are those of the contract's activity with what the owner changed; ``changes`` are
    these alone, so that they outlive another reading of the file. ``duplicate_of`` is the entry
    that it repeats, ``entry`` the one it became.
    """

    id = models.BigAutoField(primary_key=True)
    file_import = models.ForeignKey(
        FileImport, on_delete=models.CASCADE, related_name="rows", db_index=False
    )
    position = models.PositiveIntegerField()  # from 1, as in the file
    line = models.PositiveIntegerField()
    sheet = models.CharField(max_length=80)
    raw = models.TextField()
    facts = models.JSONField(default=dict)
    symbol = models.CharField(max_length=160, blank=True)
    isin = models.CharField(max_length=160, blank=True)
    name = models.CharField(max_length=160, blank=True)
    portfolio_name = models.CharField(max_length=160, blank=True)
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    problems = models.JSONField(default=list)
    note = models.CharField(max_length=200, blank=True)  # why it is no activity
    status = models.CharField(max_length=10, choices=RowStatus.choices)
    decision = models.CharField(max_length=6, choices=RowDecision.choices, blank=True)
    changes = models.JSONField(default=dict)
    duplicate_of = models.UUIDField(null=True)
    entry_id = models.UUIDField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["file_import", "position"], name="file_import_row_once"
            ),
        )
        indexes = (
            models.Index(
                fields=["file_import", "status", "position"], name="file_import_row_by_status"
            ),
        )

    @property
    def moment(self) -> str:
        """When it happened, in UTC: the day alone where the file tells no more."""
        day, _, clock = str(self.facts.get("occurred_at", "")).partition("T")
        return day if clock in ("", "00:00:00Z") else f"{day} {clock[:5]}"


# Rows that a commit books.
TAKEN: Final = (Q(status=RowStatus.READY) & ~Q(decision=RowDecision.SKIP)) | Q(
    status=RowStatus.DUPLICATE, decision=RowDecision.IMPORT
)


class SavedMapping(models.Model):
    """How a user mapped files with these columns, so that the next one maps itself."""

    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_mappings"
    )
    columns_digest = models.BinaryField(max_length=32)
    mapping = models.JSONField()
    date_order = models.CharField(max_length=12, blank=True)
    decimal_mark = models.CharField(max_length=1, blank=True)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["owner", "columns_digest"], name="saved_mapping_once_per_columns"
            ),
        )
