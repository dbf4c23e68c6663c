"""What a portfolio was worth at the end of each day. Derived; may be deleted at any time."""

from __future__ import annotations

from django.db import models

from portfolio.models.portfolios import Portfolio


class DailyValuation(models.Model):
    """One portfolio-day in the portfolio's currency.

    ``market_value`` is null when a held instrument has no usable price that day.
    ``net_flow`` is cash that came from outside less cash that left.
    """

    id = models.BigAutoField(primary_key=True)
    portfolio = models.ForeignKey(Portfolio, on_delete=models.PROTECT, related_name="valuations")
    date = models.DateField()
    cash = models.DecimalField(max_digits=28, decimal_places=10)
    market_value = models.DecimalField(max_digits=28, decimal_places=10, null=True)
    cost = models.DecimalField(max_digits=28, decimal_places=10)
    net_flow = models.DecimalField(max_digits=28, decimal_places=10)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["portfolio", "date"], name="daily_valuation_once"),
        )
