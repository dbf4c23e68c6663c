"""What the euro is worth in other currencies, day by day."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone


class EuroRate(models.Model):
    """Units of a currency for one euro, as published on a date; the version that holds now."""

    pk = models.CompositePrimaryKey("currency", "on_date")
    currency = models.CharField(max_length=3)
    on_date = models.DateField()
    version = models.PositiveSmallIntegerField(default=1)  # more than one: it was corrected
    per_euro = models.DecimalField(max_digits=20, decimal_places=8)
    source = models.CharField(max_length=20)
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "market_eurorate"
        constraints = (
            models.CheckConstraint(condition=Q(per_euro__gt=0), name="euro_rate_positive"),
        )
        indexes = (models.Index(fields=["on_date"], name="euro_rate_date"),)


class EuroRateRevision(models.Model):
    """A rate as it was before its source corrected it. Append-only."""

    id = models.BigAutoField(primary_key=True)
    currency = models.CharField(max_length=3)
    on_date = models.DateField()
    version = models.PositiveSmallIntegerField()
    per_euro = models.DecimalField(max_digits=20, decimal_places=8)
    source = models.CharField(max_length=20)
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField()

    class Meta:
        db_table = "market_eurorate_revision"
        constraints: ClassVar[tuple[models.BaseConstraint, ...]] = (
            models.UniqueConstraint(
                fields=["currency", "on_date", "version"], name="euro_rate_revision_once"
            ),
        )
