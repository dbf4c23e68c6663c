"""How far the minutes of each instrument are, and who gives them."""

from __future__ import annotations

from django.db import models

from market.models.instruments import Instrument


class InstrumentFeed(models.Model):
    """What scheduled runs know of one instrument."""

    instrument = models.OneToOneField(
        Instrument, on_delete=models.CASCADE, primary_key=True, related_name="feed"
    )
    provider = models.CharField(max_length=20, blank=True)  # who gave the newest minute
    newest_minute = models.DateTimeField(null=True)
    last_good_value = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    answered_at = models.DateTimeField(null=True)  # somebody of the chain answered, if with nothing
    error = models.CharField(
        max_length=300, blank=True
    )  # of the latest run; empty where it is well
    gaps_looked_at = models.DateTimeField(null=True)
    actions_until = models.DateField(null=True)  # asked for dividends and splits up to that day
