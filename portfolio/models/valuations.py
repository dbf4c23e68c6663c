"""What a portfolio was worth at the end of each day. Derived; may be deleted at any time."""

from __future__ import annotations

from decimal import Decimal

from django.db import models

from portfolio.models.portfolios import Portfolio


class DailyValuation(models.Model):
    """One portfolio-day in the portfolio's currency.

    A day ends at midnight UTC. ``market_value`` is null when a held instrument has no usable
    price or its currency no rate that day, ``cash`` when a currency held has no rate; ``gap``
    says which. Flows are cash and units, at that day's price, that crossed the portfolio's
    border; null where units had no price. ``carried_gain`` is what units that came were worth
    beyond their cost, less the same of units that left.
    """

    pk = models.CompositePrimaryKey("portfolio_id", "date")
    portfolio = models.ForeignKey(
        Portfolio,
        on_delete=models.PROTECT,
        related_name="valuations",
        db_index=False,
        db_constraint=False,
    )
    date = models.DateField()
    cash = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    market_value = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    cost = models.DecimalField(max_digits=28, decimal_places=10)
    net_flow = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    inflow = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    outflow = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    carried_gain = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    gap = models.CharField(max_length=20, blank=True, default="", db_default="")

    @property
    def total_value(self) -> Decimal | None:
        """Cash and holdings together; null when a holding has no price."""
        if self.market_value is None or self.cash is None:
            return None
        return self.cash + self.market_value
