"""Lists of instruments a user keeps an eye on."""

from __future__ import annotations

from typing import ClassVar, Final, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.identifiers import new_id
from accounts.models import User
from market.models.instruments import Instrument

NOTE_CHARACTERS: Final = 500


class WatchlistQuerySet(models.QuerySet["Watchlist"]):
    def for_user(self, user: User) -> Self:
        return self.filter(owner=user)


class Watchlist(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="watchlists"
    )
    name = models.CharField(max_length=80)
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[Watchlist]] = WatchlistQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["owner", "name"], name="watchlist_name_once_per_user"),
        )

    def __str__(self) -> str:
        return self.name


class WatchlistItem(models.Model):
    """An instrument on a list, at its ``position`` counted from 0, with what the owner notes."""

    id = models.BigAutoField(primary_key=True)
    watchlist = models.ForeignKey(Watchlist, on_delete=models.CASCADE, related_name="items")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=NOTE_CHARACTERS, blank=True, default="", db_default="")
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["watchlist", "instrument"], name="watchlist_item_once_per_instrument"
            ),
        )
