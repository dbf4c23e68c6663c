"""Working orders that splits have overtaken."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from market.models import CorporateAction
from trading.models.orders import Order, OrderCommand


class SplitRestatement(models.Model):
    """The matcher's task to restate an order for a split, once; ``restated_at`` says when it did.

    It stays null where the order ended first, or ended because it could not be restated. Ratio and
    day are those the matcher was told, whatever the split is corrected to. Quantity and prices are
    the order's as they were then: what its owner gave, of the first one.
    """

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="restatements", db_index=False
    )
    split = models.ForeignKey(CorporateAction, on_delete=models.PROTECT, related_name="+")
    command = models.OneToOneField(OrderCommand, on_delete=models.PROTECT, related_name="+")
    ratio_from = models.PositiveIntegerField()
    ratio_to = models.PositiveIntegerField()
    ex_date = models.DateField()
    quantity = models.DecimalField(max_digits=28, decimal_places=10)
    filled_before = models.DecimalField(max_digits=28, decimal_places=10)
    limit_price = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    stop_price = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    trail_amount = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    restated_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[tuple[models.BaseConstraint, ...]] = (
            models.UniqueConstraint(fields=["order", "split"], name="split_restatement_once"),
            models.CheckConstraint(
                condition=Q(ratio_from__gt=0, ratio_to__gt=0), name="split_restatement_ratio"
            ),
        )

    def __str__(self) -> str:
        return f"{self.order_id}: {self.ratio_to} for {self.ratio_from}"
