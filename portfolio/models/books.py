"""When the money probes ran, and what they found wrong."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q


class BooksViolationQuerySet(models.QuerySet["BooksViolation"]):
    def standing(self) -> Self:
        """Violations that the latest run of the probes still saw."""
        return self.filter(resolved_at=None)


class BooksViolation(models.Model):
    """One thing a probe found wrong, from when it was found until it was no longer seen.

    ``portfolio_id`` has no foreign key: a probe may find rows whose portfolio is missing.
    """

    id = models.BigAutoField(primary_key=True)
    probe = models.CharField(max_length=40)
    portfolio_id = models.UUIDField(null=True)
    detail = models.TextField()
    found_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[BooksViolation]] = BooksViolationQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(resolved_at=None) | Q(resolved_at__gte=F("found_at")),
                name="books_violation_resolved_after_found",
            ),
            models.UniqueConstraint(
                fields=["probe", "portfolio_id", "detail"],
                condition=Q(resolved_at=None),
                nulls_distinct=False,
                name="books_violation_stands_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.probe}: {self.detail}"


class ProbeRun(models.Model):
    """One run of all probes, so that everybody can tell how fresh their word is."""

    id = models.BigAutoField(primary_key=True)
    checked_at = models.DateTimeField()
    violations = models.PositiveIntegerField()

    class Meta:
        indexes = (models.Index(fields=["-checked_at"], name="probe_run_newest"),)
