"""When the desk took no orders."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q


class OrderEntryStopQuerySet(models.QuerySet["OrderEntryStop"]):
    def standing(self) -> Self:
        """The stop in force: one, or none."""
        return self.filter(reopened_at=None)


class OrderEntryStop(models.Model):
    """A time in which no order could be placed; ``reopened_at`` is null while it lasts.

    A trigger on the table of orders asks for a standing row, so that no way in is forgotten.
    """

    id = models.BigAutoField(primary_key=True)
    reason = models.CharField(max_length=300)
    stopped_at = models.DateTimeField()
    reopened_at = models.DateTimeField(null=True)
    reopened_by_id = models.UUIDField(null=True)

    objects: ClassVar[models.Manager[OrderEntryStop]] = OrderEntryStopQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["reopened_at"],
                condition=Q(reopened_at=None),
                nulls_distinct=False,
                name="order_entry_stopped_once",
            ),
            models.CheckConstraint(
                condition=Q(reopened_at=None) | Q(reopened_at__gte=F("stopped_at")),
                name="order_entry_reopened_after_stop",
            ),
        )

    def __str__(self) -> str:
        return self.reason
