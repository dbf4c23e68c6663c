"""When each recorded price is due, and what is known of each instrument by then. Pure.

A recorded moment ``t`` is due at ``begun + (t - first) / speed``, so the same recording with the
same beginning and speed gives the same ticks and quotes. Pauses longer than a minute count as a
minute: nobody waits for the night between two recorded days.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from integrations.replay.recordings import RecordedPrice
from market.intake.providers import ListedInstrument
from market.values import REPLAYED, Level, QuoteValue

LONGEST_PAUSE: Final = timedelta(minutes=1)


def in_order(files: Iterable[Iterator[RecordedPrice]]) -> Iterator[RecordedPrice]:
    """The rows of several files by time; at the same moment in the order of the files."""
    return heapq.merge(*files, key=lambda price: price.occurred_at)


@dataclass
class Timetable:
    """Turns recorded moments into moments of now, for prices in order."""

    speed: Decimal  # > 0; 2 plays an hour in half of one
    due_at: datetime  # of the latest price; at first when the playing begins
    latest: datetime | None = field(default=None)

    def next_due(self, price: RecordedPrice) -> datetime:
        if self.latest is not None:
            pause = min(price.occurred_at - self.latest, LONGEST_PAUSE)
            self.due_at += pause / float(self.speed)
        self.latest = price.occurred_at
        return self.due_at


@dataclass
class Playing:
    """One instrument's newest prices while it is played."""

    last: Decimal | None = None
    last_size: Decimal | None = None
    bid: Decimal | None = None
    bid_size: Decimal | None = None
    ask: Decimal | None = None
    ask_size: Decimal | None = None

    def take(self, price: RecordedPrice) -> None:
        if price.price is not None:
            self.last, self.last_size = price.price, price.size
        if price.bid is not None or price.ask is not None:
            self.bid, self.bid_size = price.bid, price.bid_size
            self.ask, self.ask_size = price.ask, price.ask_size

    def quote(self, listed: ListedInstrument, *, at: datetime) -> QuoteValue | None:
        """None before the first trade: what it last cost is not known."""
        if self.last is None:
            return None
        return QuoteValue(
            instrument_id=listed.instrument_id,
            symbol=listed.symbol,
            bid=self.bid,
            bid_size=self.bid_size,
            ask=self.ask,
            ask_size=self.ask_size,
            last=self.last,
            last_size=self.last_size,
            previous_close=listed.previous_close,
            bid_levels=level(self.bid, self.bid_size),
            ask_levels=level(self.ask, self.ask_size),
            occurred_at=at,
            source=REPLAYED,
        )


def level(price: Decimal | None, size: Decimal | None) -> tuple[Level, ...]:
    return () if price is None or not size else ((price, size),)
