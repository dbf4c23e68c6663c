"""When staff let nobody trade an instrument."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q

from market.models import Instrument


class TradingHaltQuerySet(models.QuerySet["TradingHalt"]):
    def standing(self) -> Self:
        """The halts in force, one an instrument at most."""
        return self.filter(resumed_at=None)


class TradingHalt(models.Model):
    """A time in which an instrument did not trade; ``resumed_at`` is null while it lasts."""

    id = models.BigAutoField(primary_key=True)
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="halts", db_index=False
    )
    reason = models.CharField(max_length=200)
    halted_at = models.DateTimeField()
    halted_by_id = models.UUIDField()
    resumed_at = models.DateTimeField(null=True)
    resumed_by_id = models.UUIDField(null=True)

    objects: ClassVar[models.Manager[TradingHalt]] = TradingHaltQuerySet.as_manager()

    class Meta:
        db_table = "trading_halt"
        constraints = (
            models.UniqueConstraint(
                fields=["instrument"], condition=Q(resumed_at=None), name="halted_once"
            ),
            models.CheckConstraint(
                condition=Q(resumed_at=None) | Q(resumed_at__gte=F("halted_at")),
                name="halt_resumed_after_halted",
            ),
        )

    def __str__(self) -> str:
        return self.reason
