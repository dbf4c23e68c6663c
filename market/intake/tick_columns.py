"""Ticks by column, so that each attribute is looked up once however often it is gone through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from operator import lt
from typing import Self

from market.values import TickValue


@dataclass(frozen=True, slots=True)
class TickColumns:
    """Each sequence has one item a tick, in the order of ``ticks``; see ``TickValue``."""

    ticks: Sequence[TickValue]
    instrument_ids: Sequence[int]
    times: Sequence[datetime]
    tick_ids: Sequence[str]
    prices: Sequence[Decimal]
    sizes: Sequence[Decimal]
    sources: Sequence[str]

    @classmethod
    def of(cls, ticks: Sequence[TickValue]) -> Self:
        return cls(
            ticks,
            [tick.instrument_id for tick in ticks],
            [tick.occurred_at for tick in ticks],
            [tick.provider_tick_id for tick in ticks],
            [tick.price for tick in ticks],
            [tick.size for tick in ticks],
            [tick.source for tick in ticks],
        )

    def __len__(self) -> int:
        return len(self.ticks)

    def in_time(self) -> Sequence[int]:
        """The places of the ticks by time, and by the provider's id where it is the same."""
        places, times, tick_ids = range(len(self)), self.times, self.tick_ids
        if all(map(lt, times, islice(times, 1, None))):
            return places
        return sorted(places, key=lambda place: (times[place], tick_ids[place]))
