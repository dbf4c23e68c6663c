"""A portfolio: one set of books with one owner."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.identifiers import new_id
from accounts.models import User


class PortfolioKind(models.TextChoices):
    PAPER = "paper", "Paper"  # trades on the market inside Holdfast
    TRACKED = "tracked", "Tracked"  # records what happened elsewhere


class LotMethod(models.TextChoices):
    FIFO = "fifo", "First in, first out"
    LIFO = "lifo", "Last in, first out"
    HIFO = "hifo", "Highest cost first"
    AVERAGE = "average", "Average cost"


class BookedActions(models.TextChoices):
    """Which of the market's corporate actions are booked without being reported."""

    NONE = "none", "None"
    SPLITS = "splits", "Splits"
    ALL = "all", "Splits and dividends"


class PortfolioQuerySet(models.QuerySet["Portfolio"]):
    def for_user(self, user: User) -> Self:
        """Portfolios that the user may see; archived ones are gone from sight."""
        return self.filter(owner=user, archived_at=None)

    def visible_pairs(self, pairs: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
        """Of pairs of user and portfolio, those where ``for_user`` would show it; one query."""
        rows = self.filter(id__in={portfolio_id for _, portfolio_id in pairs}, archived_at=None)
        return set(rows.values_list("owner_id", "id")) & set(pairs)


class Portfolio(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="portfolios"
    )
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=PortfolioKind.choices)
    currency = models.CharField(max_length=3)
    lot_method = models.CharField(max_length=10, choices=LotMethod.choices, default=LotMethod.FIFO)
    booked_actions = models.CharField(
        max_length=10,
        choices=BookedActions.choices,
        default=BookedActions.SPLITS,
        db_default=BookedActions.SPLITS,
    )
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)
    # The earliest day whose stored valuation an entry has made wrong; null when none is.
    valuations_stale_from = models.DateField(null=True, editable=False)

    objects: ClassVar[models.Manager[Portfolio]] = PortfolioQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(kind__in=PortfolioKind.values), name="portfolio_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(lot_method__in=LotMethod.values), name="portfolio_lot_method_known"
            ),
            models.CheckConstraint(
                condition=Q(booked_actions__in=BookedActions.values),
                name="portfolio_booked_actions_known",
            ),
        )

    def __str__(self) -> str:
        return self.name
