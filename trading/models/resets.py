"""Paper portfolios that were to begin anew."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q

from accounts.identifiers import new_id
from portfolio.models import Portfolio


class PortfolioResetQuerySet(models.QuerySet["PortfolioReset"]):
    def pending(self) -> Self:
        """Those that wait for working orders to end."""
        return self.filter(done_at=None)


class PortfolioReset(models.Model):
    """Somebody's wish that a portfolio begin anew; ``done_at`` is null until it has.

    While one is pending the portfolio places no orders.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.PROTECT, related_name="resets", db_index=False
    )
    starting_cash = models.DecimalField(max_digits=28, decimal_places=10)
    requested_at = models.DateTimeField()
    requested_by_id = models.UUIDField()
    done_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[PortfolioReset]] = PortfolioResetQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["portfolio"], condition=Q(done_at=None), name="portfolio_reset_once_pending"
            ),
            models.CheckConstraint(
                condition=Q(starting_cash__gte=0), name="portfolio_reset_cash_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(done_at__gte=F("requested_at")),
                name="portfolio_reset_done_after_requested",
            ),
        )
        indexes = (
            models.Index(fields=["portfolio", "-requested_at"], name="portfolio_reset_newest"),
        )

    def __str__(self) -> str:
        return f"{self.portfolio_id} at {self.requested_at}"

    @property
    def is_done(self) -> bool:
        return self.done_at is not None
