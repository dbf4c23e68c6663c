"""Series that users bring to compare with: an index as a file of dates and closes."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.identifiers import new_id
from accounts.models import User


class IndexSeriesQuerySet(models.QuerySet["IndexSeries"]):
    def for_user(self, user: User) -> Self:
        return self.filter(owner=user)


class IndexSeries(models.Model):
    """One index of one user; its closes are in whatever it is counted in."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="indices", db_index=False
    )
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[IndexSeries]] = IndexSeriesQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint("owner", Lower("name"), name="index_name_once"),)

    def __str__(self) -> str:
        return self.name


class IndexClose(models.Model):
    """How an index closed on one day."""

    pk = models.CompositePrimaryKey("index_id", "on_date")
    index = models.ForeignKey(
        IndexSeries, on_delete=models.CASCADE, related_name="closes", db_index=False
    )
    on_date = models.DateField()
    close = models.DecimalField(max_digits=28, decimal_places=10)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(close__gt=0), name="index_close_positive"),
        )
