"""Where an investor's own fills come from: a protocol, because orders belong to an app above."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User
from market.charting.fill_markers import OwnFill
from market.corporate_actions.adjustment import PriceFactors


class FillSource(Protocol):
    """Who knows what investors bought and sold."""

    def fills_of(
        self, user: User, instrument_id: int, *, start: datetime, end: datetime
    ) -> Sequence[OwnFill]:
        """Fills of the user's portfolios from ``start`` on and before ``end``, the newest if many.

        In units and prices of their day.
        """


def fill_source() -> FillSource:
    """The source that ``settings.OWN_FILLS`` names."""
    return cast("FillSource", import_string(settings.OWN_FILLS)())


def comparable_fills(fills: Sequence[OwnFill], factors: PriceFactors | None) -> list[OwnFill]:
    """Fills in units of today: what was bought before a split counts as so many after it.

    Prices as the candles': with what dividends take off, where the factors hold that. As they were
    without factors.
    """
    if factors is None:
        return list(fills)
    found = []
    for fill in fills:
        place = bisect_right(factors.ex_ats, fill.executed_at)
        factor = factors.splits_of_ticks[place]
        price = fill.price * factor * factors.dividends[place]
        found.append(replace(fill, quantity=fill.quantity / factor, price=price))
    return found
