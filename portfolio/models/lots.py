"""What the ledger's entries amount to: lots, their closures, and positions.

All three are derived: dropping them and rebuilding from the entries gives the same bytes. They
carry no foreign keys in the database: the entries they follow from do.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q, Sum

from market.models import Instrument
from portfolio.bookkeeping.amounts import share
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
    # When the units came into the portfolio, where a transfer carried an older lot.
    acquired_at = models.DateTimeField(null=True)
    # The cost of the whole lot in the instrument's currency, where that is not the portfolio's.
    local_cost = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    # What splits have added since, < 0 where they took.
    added_quantity = models.DecimalField(
        max_digits=28, decimal_places=10, default=Decimal(0), db_default=Decimal(0)
    )
    # Units that were sold or delivered although nobody recorded how they came.
    is_missing = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(remaining_quantity__gte=0)
                & Q(remaining_quantity__lte=F("quantity") + F("added_quantity"))
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

    @property
    def remaining_local_cost(self) -> Decimal:
        """What the units left had cost in the instrument's currency."""
        if self.local_cost is None or not self.remaining_cost:
            return self.remaining_cost
        return share(self.local_cost, part=self.remaining_cost, whole=self.cost)


class LotClosureQuerySet(models.QuerySet["LotClosure"]):
    def gains_by(self, field: str) -> dict[Any, Decimal]:
        """What they have realised together for each value of the field, in the lots' currency."""
        gain = Sum(F("proceeds") - F("cost"))
        return dict(self.values_list(field).annotate(gain=gain))


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
    # Of a spin-off, which takes cost and no units: the units of the new instrument.
    carried_quantity = models.DecimalField(max_digits=28, decimal_places=10, null=True)

    objects: ClassVar[models.Manager[LotClosure]] = LotClosureQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(quantity__gt=0) | Q(quantity=0, carried_quantity__isnull=False),
                name="lot_closure_quantity_positive",
            ),
        )
        indexes = (models.Index(fields=["closing_entry"], name="lot_closure_by_entry"),)

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
    # Whether lots can only be derived from the whole history, and not from what is open now.
    needs_history = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~Q(quantity=0) | Q(cost=0), name="position_of_nothing_costs_nothing"
            ),
        )


class UnitMove(models.Model):
    """Units of one entry that crossed the portfolio's border without being bought or sold.

    Derived as lots are. ``quantity`` and ``cost`` are > 0 where they came in. ``value`` is what
    they were worth where the entry says it; null where a price does. ``missing_quantity`` of
    them are acquisitions that nobody recorded; ``found_quantity`` was held at the time.
    """

    pk = models.CompositePrimaryKey("portfolio_id", "instrument_id", "entry_id")
    portfolio = models.ForeignKey(
        Portfolio,
        on_delete=models.PROTECT,
        related_name="unit_moves",
        db_index=False,
        db_constraint=False,
    )
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    entry = models.ForeignKey(
        JournalEntry,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    occurred_at = models.DateTimeField()
    quantity = models.DecimalField(max_digits=28, decimal_places=10)
    cost = models.DecimalField(max_digits=28, decimal_places=10)
    value = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    missing_quantity = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    found_quantity = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(missing_quantity__gte=0) & Q(found_quantity__gte=0),
                name="unit_move_missing_not_negative",
            ),
        )
