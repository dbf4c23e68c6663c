"""What the ledger's entries amount to: lots, their closures, and positions.

All three are derived: dropping them and rebuilding from the entries gives the same bytes. They
carry no foreign keys in the database: the entries they follow from do.
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
    portfolio = models.ForeignKey(
        Portfolio,
        on_delete=models.PROTECT,
        related_name="lots",
        db_index=False,
        db_constraint=False,
    )
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    opening_entry = models.ForeignKey(
        JournalEntry,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
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

    pk = models.CompositePrimaryKey("closing_entry_id", "lot_id")
    lot = models.ForeignKey(
        Lot, on_delete=models.PROTECT, related_name="closures", db_constraint=False
    )
    closing_entry = models.ForeignKey(
        JournalEntry,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    closed_at = models.DateTimeField()
    quantity = models.DecimalField(max_digits=28, decimal_places=10)
    cost = models.DecimalField(max_digits=28, decimal_places=10)
    proceeds = models.DecimalField(max_digits=28, decimal_places=10)  # net of charges

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(quantity__gt=0), name="lot_closure_quantity_positive"
            ),
        )

    @property
    def realised_gain(self) -> Decimal:
        return self.proceeds - self.cost


class Position(models.Model):
    """Units held of one instrument, their cost, and what sales of it have realised.

    ``latest_trade_at`` and ``latest_entry_id`` name the trade applied last: one that sorts
    before it makes the pair be rebuilt.
    """

    pk = models.CompositePrimaryKey("portfolio_id", "instrument_id")
    portfolio = models.ForeignKey(
        Portfolio,
        on_delete=models.PROTECT,
        related_name="positions",
        db_index=False,
        db_constraint=False,
    )
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    quantity = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    cost = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    realised_gain = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    currency = models.CharField(max_length=3)
    latest_trade_at = models.DateTimeField()
    latest_entry_id = models.UUIDField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~Q(quantity=0) | Q(cost=0), name="position_of_nothing_costs_nothing"
            ),
        )
