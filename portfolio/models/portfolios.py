"""A portfolio: one set of books with one owner, and with whom he shares it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import ClassVar, Final, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.utils import timezone

from accounts.identifiers import new_id
from accounts.models import User
from accounts.roles import GIVEN, Role

BEFORE_EVERYTHING: Final = datetime.min.replace(tzinfo=UTC)


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
    def for_user(self, user: User, role: Role = Role.OWNER) -> Self:
        """Portfolios in which the user has at least that role; archived ones are gone from sight.

        The role is the owner's unless one is named, so that what forgets to ask shares nothing.
        """
        own = Q(owner=user)
        if role is not Role.OWNER:
            shared = PortfolioMember.objects.filter(user=user, role__in=role.enough)
            own |= Q(id__in=shared.values("portfolio_id"))
        return self.filter(own, archived_at=None)

    def with_role_of(self, user: User) -> Self:
        """Note at each the user's ``role`` in it; empty where he has none."""
        rows = PortfolioMember.objects.filter(portfolio=OuterRef("pk"), user=user)
        cases = [When(Exists(rows.filter(role=role)), then=Value(role.value)) for role in GIVEN]
        own = When(owner=user, then=Value(Role.OWNER.value))
        return self.annotate(role=Case(own, *cases, default=Value("")))

    def own_first(self, user: User) -> Self:
        """In the order of their opening, those shared by others last."""
        return self.order_by(Case(When(owner=user, then=0), default=1), "created_at", "id")

    def visible_pairs(self, pairs: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
        """Of pairs of user and portfolio, those where he is owner or member; two queries."""
        ids = {portfolio_id for _, portfolio_id in pairs}
        owners = self.filter(id__in=ids, archived_at=None).values_list("owner_id", "id")
        members = PortfolioMember.objects.filter(
            portfolio__in=ids, portfolio__archived_at=None
        ).values_list("user_id", "portfolio_id")
        return {*owners, *members} & set(pairs)


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
    # When everything in it left and it began anew; null when it never did.
    reset_at = models.DateTimeField(null=True, editable=False)
    # Of whoever asked; noted by ``with_role_of`` alone.
    role: str

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

    @property
    def counts_from(self) -> datetime:
        """What happened up to then has no part in values, returns and gains."""
        return self.reset_at or BEFORE_EVERYTHING


class PortfolioMember(models.Model):
    """Somebody with whom the owner shares a portfolio. The owner himself is none."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, related_name="members", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(
        max_length=10, choices=[(role.value, role.value.capitalize()) for role in GIVEN]
    )
    added_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["portfolio", "user"], name="portfolio_member_once"),
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in GIVEN]),
                name="portfolio_member_role_known",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"
