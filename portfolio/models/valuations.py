"""What a portfolio was worth at the end of each day. Derived; may be deleted at any time."""

from __future__ import annotations

from decimal import Decimal

from django.db import models

from portfolio.models.portfolios import Portfolio


class DailyValuation(models.Model):
    """One portfolio-day in the portfolio's currency.

    A day ends at midnight UTC. ``market_value`` is null when a held instrument has no usable
    price that day. ``net_flow`` is cash that came from outside less cash that left.
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
    cash = models.DecimalField(max_digits=28, decimal_places=10)
    market_value = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    cost = models.DecimalField(max_digits=28, decimal_places=10)
    net_flow = models.DecimalField(max_digits=28, decimal_places=10)

    @property
    def total_value(self) -> Decimal | None:
        """Cash and holdings together; null when a holding has no price."""
        return None if self.market_value is None else self.cash + self.market_value
