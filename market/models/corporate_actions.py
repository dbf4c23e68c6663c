"""Cash dividends and splits of instruments."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.identifiers import new_id
from market.models.instruments import Instrument
from market.values import NOT_OF_A_MARKET


class ActionKind(models.TextChoices):
    DIVIDEND = "dividend", "Dividend"
    SPECIAL_DIVIDEND = "special_dividend", "Special dividend"
    SPLIT = "split", "Split"

    @property
    def is_dividend(self) -> bool:
        return self is not ActionKind.SPLIT


class CorporateActionQuerySet(models.QuerySet["CorporateAction"]):
    def standing(self) -> Self:
        """Those that nobody has cancelled."""
        return self.filter(cancelled_at=None)

    def between(self, start: date | None, end: date | None) -> Self:
        """Ex-dates from ``start`` to ``end``, both included."""
        found = self if start is None else self.filter(ex_date__gte=start)
        return found if end is None else found.filter(ex_date__lte=end)


class CorporateAction(models.Model):
    """One dividend or split, in the version that holds now.

    Who holds the share at the end of the exchange's day before ``ex_date`` has it. A split makes
    ``ratio_to`` shares of ``ratio_from``: 1 and 4 quarter the price. ``amount_per_share`` is of a
    share as it was on that day.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="corporate_actions"
    )
    kind = models.CharField(max_length=16, choices=ActionKind.choices)
    ex_date = models.DateField()
    pay_date = models.DateField(null=True)
    amount_per_share = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    currency = models.CharField(max_length=3, blank=True)
    ratio_from = models.PositiveIntegerField(null=True)
    ratio_to = models.PositiveIntegerField(null=True)
    # Of a split: stored prices before it are divided already, as files of prices usually are.
    # Live ticks never are.
    is_in_history = models.BooleanField(default=False)
    version = models.PositiveSmallIntegerField(default=1)
    source = models.CharField(max_length=20)
    recorded_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    cancelled_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[CorporateAction]] = CorporateActionQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["instrument", "kind", "ex_date"],
                condition=Q(cancelled_at=None),
                name="corporate_action_once_a_day",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind="split",
                    ratio_from__gt=0,
                    ratio_to__gt=0,
                    amount_per_share=None,
                    currency="",
                )
                | (
                    Q(kind__in=["dividend", "special_dividend"], amount_per_share__gt=0)
                    & Q(ratio_from=None, ratio_to=None, is_in_history=False)
                    & ~Q(currency="")
                ),
                name="corporate_action_of_its_kind",
            ),
        )
        indexes = (models.Index(fields=["instrument", "ex_date"], name="corporate_action_by_date"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.ex_date}"

    @property
    def is_split(self) -> bool:
        return self.kind == ActionKind.SPLIT

    @property
    def is_simulated(self) -> bool:
        """Whether no company of a market has declared it."""
        return self.source in NOT_OF_A_MARKET


class CorporateActionRevision(models.Model):
    """An action as it was before it was corrected. Append-only."""

    id = models.BigAutoField(primary_key=True)
    action = models.ForeignKey(CorporateAction, on_delete=models.PROTECT, related_name="revisions")
    version = models.PositiveSmallIntegerField()
    facts = models.JSONField()  # numbers and dates as texts
    superseded_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[tuple[models.BaseConstraint, ...]] = (
            models.UniqueConstraint(
                fields=["action", "version"], name="corporate_action_revision_once"
            ),
        )
