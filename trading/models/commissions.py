"""What a portfolio pays for its orders."""

from __future__ import annotations

from django.db import models

from portfolio.models import Portfolio


class CommissionTerms(models.Model):
    """The schedule of one portfolio; without a row it pays what the desk's settings say."""

    portfolio = models.OneToOneField(
        Portfolio, on_delete=models.PROTECT, primary_key=True, related_name="commission_terms"
    )
    schedule = models.CharField(max_length=120)  # see trading.commissions.Schedule.text
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.schedule
