"""What the ledger's entries amount to: lots, their closures, and positions.

All three are derived: dropping them and rebuilding from the entries gives the same bytes.
"""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from market.models import Instrument
from portfolio.models.ledger import JournalEntry
from portfolio.models.portfolios import Portfolio


class Lot(models.Model):
    """Units acquired by one entry. ``cost`` is of the whole lot, charges included.

    The id is the opening entry's, so a rebuild names the lot as it was named before.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    portfolio = models.ForeignKey(Portfolio, on_delete=models.PROTECT, related_name="lots")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    opening_entry = models.ForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    quantity = models.DecimalField(max_digits=28, decimal_places=10)
    cost = models.DecimalField(max_digits=28, decimal_places=10)
    remaining_quantity = models.DecimalField(max_digits=28, decimal_places=10)
    remaining_cost = models.DecimalField(max_digits=28, decimal_places=10)
    currency = models.CharField(max_length=3)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(remaining_quantity__gte=0)
                & Q(remaining_quantity__lte=F("quantity"))
                & (Q(remaining_quantity__gt=0) | Q(remaining_cost=0)),
                name="lot_remaining_within_quantity",
            ),
        )
        indexes = (
            models.Index(
                fields=["portfolio", "instrument", "opened_at", "id"],
                condition=Q(remaining_quantity__gt=0),
                name="lot_open",
            ),
            models.Index(fields=["portfolio", "instrument", "opened_at"], name="lot_by_time"),
        )


class LotClosure(models.Model):
    """Units of one lot used by one sale. ``realised_gain = proceeds - cost``."""

    id = models.BigAutoField(primary_key=True)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="closures")
    closing_entry = models.ForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField()
    quantity = models.DecimalField(max_digits=28, decimal_places=10)
    cost = models.DecimalField(max_digits=28, decimal_places=10)
    proceeds = models.DecimalField(max_digits=28, decimal_places=10)  # net of charges

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["closing_entry", "lot"], name="lot_closure_once_per_sale"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0), name="lot_closure_quantity_positive"
            ),
        )


class Position(models.Model):
    """Units held of one instrument, their cost, and what sales of it have realised."""

    id = models.BigAutoField(primary_key=True)
    portfolio = models.ForeignKey(Portfolio, on_delete=models.PROTECT, related_name="positions")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    quantity = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    cost = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    realised_gain = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["portfolio", "instrument"], name="position_once_per_instrument"
            ),
            models.CheckConstraint(
                condition=~Q(quantity=0) | Q(cost=0), name="position_of_nothing_costs_nothing"
            ),
        )
