"""Positions that are to be sold as soon as the orders that hold their units have ended."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q

from accounts.identifiers import new_id
from accounts.models import User
from accounts.roles import Role
from market.models import Instrument
from portfolio.models import Portfolio
from trading.models.orders import Order


class PositionClosingQuerySet(models.QuerySet["PositionClosing"]):
    def for_user(self, user: User, role: Role = Role.OWNER) -> Self:
        return self.filter(portfolio__in=Portfolio.objects.for_user(user, role))

    def pending(self) -> Self:
        return self.filter(done_at=None)


class PositionClosing(models.Model):
    """Somebody's wish that a position be sold; ``done_at`` is null until its orders have ended.

    What came of it: ``order``, or ``problems``, of field, code and message, where it was refused.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.PROTECT, related_name="closings", db_index=False
    )
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    requested_at = models.DateTimeField()
    requested_by_id = models.UUIDField(null=True)
    done_at = models.DateTimeField(null=True)
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    problems = models.JSONField(default=list)

    objects: ClassVar[models.Manager[PositionClosing]] = PositionClosingQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["portfolio", "instrument"],
                condition=Q(done_at=None),
                name="position_closing_once_pending",
            ),
            models.CheckConstraint(
                condition=Q(done_at=None, order=None)
                | Q(done_at__isnull=False, done_at__gte=F("requested_at")),
                name="position_closing_done_after_requested",
            ),
        )
        indexes = (
            models.Index(fields=["portfolio", "-requested_at"], name="position_closing_newest"),
        )

    def __str__(self) -> str:
        return f"{self.instrument_id} of {self.portfolio_id}"

    @property
    def outcome(self) -> str:
        if self.done_at is None:
            return "pending"
        return "refused" if self.order_id is None else "placed"
