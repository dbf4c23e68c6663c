"""Executions."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from accounts.identifiers import new_id
from market.models import Instrument
from portfolio.models import JournalEntry, Portfolio
from trading.models.orders import Order

# The external id of a fill's entry in the books: this and the fill's own id.
ENTRY_OF_FILL: Final = "fill:"


class Counterparty(models.TextChoices):
    STREET = "street", "Street"
    USER = "user", "User"


class Fill(models.Model):
    """Part of an order done at one price. Append-only.

    The two sides of a cross between users carry the same ``match_id``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    match_id = models.UUIDField()
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="fills", db_index=False)
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.PROTECT, related_name="fills", db_index=False
    )
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    side = models.CharField(max_length=4)
    quantity = models.DecimalField(max_digits=28, decimal_places=10)
    price = models.DecimalField(max_digits=20, decimal_places=8)
    commission = models.DecimalField(max_digits=28, decimal_places=10, default=Decimal(0))
    counterparty = models.CharField(max_length=6, choices=Counterparty.choices)
    # Of fills with the street: the quote met, whose displayed size this fill used up.
    quote_at = models.DateTimeField(null=True)
    executed_at = models.DateTimeField()
    trade_date = models.DateField()
    settlement_date = models.DateField()
    entry = models.OneToOneField(JournalEntry, on_delete=models.PROTECT, related_name="fill")

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(quantity__gt=0) & Q(price__gt=0) & Q(commission__gte=0),
                name="fill_amounts_positive",
            ),
        )
        indexes = (
            models.Index(fields=["portfolio", "-executed_at", "-id"], name="fill_newest"),
            models.Index(fields=["order"], name="fill_by_order"),
            BrinIndex(fields=["executed_at"], name="fill_recent", pages_per_range=16),
        )
