"""Links by which anybody who has one sees a portfolio in percent."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from accounts.identifiers import new_id
from portfolio.models.portfolios import Portfolio


class ShareLinkQuerySet(models.QuerySet["ShareLink"]):
    def live(self, at: datetime) -> Self:
        """Links that open something at that moment."""
        return self.filter(
            Q(expires_at=None) | Q(expires_at__gt=at),
            revoked_at=None,
            portfolio__archived_at=None,
            portfolio__owner__is_active=True,
        )


class ShareLink(models.Model):
    """``digest`` is the SHA-256 of the token, which nobody keeps but whoever was given the link."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, related_name="share_links", db_index=False
    )
    label = models.CharField(max_length=80)
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[ShareLink]] = ShareLinkQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["portfolio", "-created_at", "-id"], name="share_link_newest"),
        )

    def __str__(self) -> str:
        return self.label

    def is_live(self, at: datetime) -> bool:
        is_over = self.expires_at is not None and self.expires_at <= at
        return self.revoked_at is None and not is_over
