"""Prices as they were before their source corrected them. Append-only."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from market.models.instruments import Instrument
from market.models.prices import StoredInterval


class BarRevision(models.Model):
    """A stored bar as it was before a provider's correction superseded it."""

    id = models.BigAutoField(primary_key=True)
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    interval = models.CharField(max_length=3, choices=StoredInterval.choices)
    opened_at = models.DateTimeField()
    superseded_at = models.DateTimeField(default=timezone.now)
    run = models.ForeignKey(
        "market.IngestionRun", on_delete=models.PROTECT, null=True, related_name="+"
    )
    bar = models.JSONField()  # the superseded row, numbers as strings

    class Meta:
        indexes = (
            models.Index(
                fields=["instrument", "interval", "opened_at"], name="bar_revision_of_bar"
            ),
        )


class TickRevision(models.Model):
    """A stored tick as it was before its provider said something else under the same id."""

    id = models.BigAutoField(primary_key=True)
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    occurred_at = models.DateTimeField()
    provider_tick_id = models.CharField(max_length=40)
    superseded_at = models.DateTimeField(default=timezone.now)
    price = models.DecimalField(max_digits=20, decimal_places=8)
    size = models.DecimalField(max_digits=28, decimal_places=10)
    source = models.CharField(max_length=20)

    class Meta:
        indexes = (
            models.Index(
                fields=["instrument", "occurred_at", "provider_tick_id"],
                name="tick_revision_of_tick",
            ),
        )
