"""How much of a portfolio may hang on one thing, where its owner wants other than the default."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from portfolio.models.portfolios import Portfolio


class RiskThreshold(models.Model):
    """A user's limit of one rule, in percent; of one portfolio, or of all where that is null."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="risk_thresholds"
    )
    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, null=True, related_name="+")
    rule = models.CharField(max_length=20)
    maximum_pct = models.DecimalField(max_digits=5, decimal_places=2)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["user", "portfolio", "rule"],
                nulls_distinct=False,
                name="risk_threshold_once",
            ),
            models.CheckConstraint(
                condition=Q(maximum_pct__gte=0, maximum_pct__lte=100),
                name="risk_threshold_is_a_percentage",
            ),
        )
