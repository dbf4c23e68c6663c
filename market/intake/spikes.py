"""Prices that lie too far from the closes before them to be taken unseen.

A price is a spike when it lies beyond ``spike_deviations`` median absolute deviations from the
median of the recent daily closes, both by logarithms so that a tenth is as far as ten times, and
as far from the price just before it. The second condition lets a new level through after its first
price: only what jumps waits for somebody to confirm it. Closes of the simulator count for nothing,
and closes before a split are divided by it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Final

from django.conf import settings
from django.db import connection

from market.corporate_actions.factors import IS_OF_TICKS
from market.corporate_actions.split_factors import factor_between, splits_of
from market.intake.tick_columns import TickColumns
from market.values import NOT_OF_A_MARKET, TickValue, plain

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
        return previous is None or not previous / self.step <= price <= previous * self.step

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


class SpikeGuard:
    """Knows each instrument's band and its latest price, for the feed of one process."""

    def __init__(self) -> None:
        self._bands: dict[int, tuple[datetime, Band | None]] = {}
        self._latest: dict[int, Decimal] = {}

    def spikes(self, ticks: TickColumns, *, received_at: datetime) -> Mapping[TickValue, Band]:
        """Those of some sound ticks that are spikes; what no market made never is."""
        ids, prices, latest = ticks.instrument_ids, ticks.prices, self._latest
        places, concerned = ticks.in_time(), set(ids)
        if not NOT_OF_A_MARKET.isdisjoint(ticks.sources):
            places = [one for one in places if ticks.sources[one] not in NOT_OF_A_MARKET]
            concerned = {ids[one] for one in places}
        bands = self._bands_of(concerned, at=received_at)
        found: dict[TickValue, Band] = {}
        for place in places:
            instrument_id, price = ids[place], prices[place]
            band = bands.get(instrument_id)
            if band is not None and band.is_spike(price, previous=latest.get(instrument_id)):
                found[ticks.ticks[place]] = band
            latest[instrument_id] = price
        return found

    def forget(self, ids: Iterable[int]) -> None:
        """Look the closes of instruments up anew."""
        for instrument_id in ids:
            self._bands.pop(instrument_id, None)

    def _bands_of(self, ids: set[int], *, at: datetime) -> Mapping[int, Band]:
        """Of those that have one."""
        self._load(ids, at=at)
        return {one: band for one in ids if (band := self._bands[one][1]) is not None}

    def _load(self, ids: set[int], *, at: datetime) -> None:
        old = {one for one in ids if one not in self._bands or at - self._bands[one][0] > BAND_AGE}
        if old:
            closes = recent_closes(old, before=at)
            for one in old:
                self._bands[one] = (at, band_of(closes.get(one, [])))
