"""Prices that lie too far from the closes before them to be taken unseen.

A price is a spike when it lies beyond ``spike_deviations`` median absolute deviations from the
median of the recent daily closes, both by logarithms so that a tenth is as far as ten times, and
as far from the price just before it. The second condition lets a new level through after its first
price: only what jumps waits for somebody to confirm it. Closes of the simulator count for nothing,
and closes before a split are divided by it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Final

from django.conf import settings
from django.db import connection

from market.corporate_actions.factors import IS_OF_TICKS
from market.corporate_actions.split_factors import factor_between, splits_of
from market.values import plain

CODE: Final = "spike"
CLOSES_DAYS: Final = 60  # older closes are not recent
BAND_AGE: Final = timedelta(minutes=10)

RECENT_CLOSES: Final = f"""
    SELECT wanted.id, recent.close, recent.opened_at, recent.is_as_traded
    FROM unnest(%s::int[]) AS wanted(id)
    CROSS JOIN LATERAL (
        SELECT close, opened_at, {IS_OF_TICKS} AS is_as_traded FROM market_bar
        WHERE instrument_id = wanted.id AND "interval" = '1d' AND source <> 'simulated'
          AND opened_at < %s AND opened_at >= %s
        ORDER BY opened_at DESC LIMIT %s
    ) AS recent
    ORDER BY recent.opened_at DESC
"""


@dataclass(frozen=True, slots=True)
class Band:
    """Where prices are expected, in the instrument's currency, both ends included."""

    lowest: Decimal
    highest: Decimal
    middle: Decimal  # the median of the closes
    step: Decimal  # a price that differs by this factor from the one before has jumped

    def is_spike(self, price: Decimal, *, previous: Decimal | None) -> bool:
        """Whether a price lies outside and has jumped there. ``previous`` is the price before."""
        if self.lowest <= price <= self.highest:
            return False
        return previous is None or not self.is_near(price, previous)

    def is_near(self, price: Decimal, other: Decimal) -> bool:
        """Whether one may follow the other without a jump."""
        return other / self.step <= price <= other * self.step

    def words(self, price: Decimal) -> str:
        return (
            f"price was {plain(price)}, expected {plain(self.lowest)} to {plain(self.highest)}"
            f" after closes around {plain(self.middle)}."
        )


def band_of(closes: Sequence[Decimal]) -> Band | None:
    """The band around closes > 0, in any order; None where there are too few to say."""
    limits = settings.LIMITS
    if len(closes) < limits.spike_closes_needed:
        return None
    # Floats will do: this is a guard, and no price is ever computed from it.
    logarithms = [math.log(close) for close in closes]
    middle = median(logarithms)
    deviation = median(abs(one - middle) for one in logarithms)
    width = limits.spike_deviations * max(deviation, limits.spike_floor_bps / 10_000)
    return Band(
        lowest=_price(middle - width),
        highest=_price(middle + width),
        middle=_price(middle),
        step=_price(width),
    )


def _price(logarithm: float) -> Decimal:
    return Decimal(f"{math.exp(min(logarithm, 60.0)):.8g}")


def recent_closes(ids: Collection[int], *, before: datetime) -> dict[int, list[Decimal]]:
    """Real daily closes of the sessions before a moment, newest first; two queries.

    They are of shares of that moment: a close before a split is divided by it.
    """
    since = before - timedelta(days=CLOSES_DAYS)
    splits = splits_of(ids, since=since.date())
    closes: dict[int, list[Decimal]] = {}
    with connection.cursor() as cursor:
        cursor.execute(RECENT_CLOSES, [list(ids), before, since, settings.LIMITS.spike_closes])
        for number, close, opened_at, is_as_traded in cursor.fetchall():
            factor = factor_between(
                splits.get(number, ()), after=opened_at, until=before, is_as_traded=is_as_traded
            )
            closes.setdefault(number, []).append(close * factor)
    return closes


class Bands:
    """Each instrument's band, for the feed of one process; one thread renews, another reads."""

    def __init__(self) -> None:
        self._loaded_at: dict[int, datetime] = {}
        self.by_instrument: dict[int, Band] = {}  # of those that have one

    def renew(self, ids: Iterable[int], *, at: datetime) -> None:
        """Look up the closes of instruments whose band is not of now.

        Raises:
            django.db.DatabaseError: the database is away; what is known stays.
        """
        old = {
            one for one in ids if one not in self._loaded_at or at - self._loaded_at[one] > BAND_AGE
        }
        closes = recent_closes(old, before=at) if old else {}
        for one in old:
            band = band_of(closes.get(one, []))
            if band is None:
                self.by_instrument.pop(one, None)
            else:
                self.by_instrument[one] = band
            self._loaded_at[one] = at
