"""Recorded prices as the live feed: ``LIVE_PROVIDER=replay``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Final

from django.conf import settings

from integrations.replay.playing import Playing, Timetable, in_order
from integrations.replay.recordings import (
    RecordedPrice,
    UnreadableRecording,
    read_recording,
    recordings,
)
from market.intake.providers import ListedInstrument, PriceBatch
from market.values import REPLAYED, QuoteValue, TickValue

Due = tuple[datetime, RecordedPrice]
logger = logging.getLogger(__name__)

BATCH_SECONDS: Final = 0.1
LAP_PAUSE: Final = timedelta(seconds=1)
BATCH_PRICES: Final = 5_000  # faster than that, it falls behind and catches up


def utc_now() -> datetime:
    return datetime.now(UTC)


class ReplayLive:
    """Fulfils ``market.intake.providers.LiveProvider``; see ``docs/providers.md``.

    Begins when it is first told what to watch. What is not watched is passed over.
    """

    def __init__(self, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._files = recordings(Path(settings.REPLAY_FILES))
        self._speed = Decimal(settings.REPLAY_SPEED)
        self._is_looping = settings.REPLAY_AT_END == "loop"
        self._clock = clock
        self._listed: dict[str, ListedInstrument] | None = None
        self._playing: dict[int, Playing] = {}
        self._prices: Iterator[Due] | None = None
        self._waiting: Due | None = None
        self._number = 0  # of the row played

    def watch(self, instruments: Sequence[ListedInstrument]) -> None:
        """Play these from now on. A symbol of several exchanges needs its exchange in front."""
        by_symbol: dict[str, ListedInstrument] = {}
        twice = set()
        for listed in instruments:
            if listed.symbol in by_symbol:
                twice.add(listed.symbol)
            by_symbol[listed.symbol] = listed
            by_symbol[f"{listed.mic}:{listed.symbol}"] = listed
        # Replaced whole, because batches are made in another thread.
        self._listed = {name: it for name, it in by_symbol.items() if name not in twice}

    def batches(self, stop: Event) -> Iterator[PriceBatch]:
        while not stop.wait(BATCH_SECONDS):
            yield self.batch(at=self._clock())

    def batch(self, *, at: datetime) -> PriceBatch:
        """Everything due by then, up to a limit."""
        if self._listed is None:
            return PriceBatch((), ())
        if self._prices is None:
            self._prices = self._play(begun_at=at)
        quotes: dict[int, QuoteValue] = {}
        ticks: list[TickValue] = []
        for due_at, price in self._due(self._prices, at):
            listed = self._listed.get(price.symbol)
            if listed is None:
                continue
            playing = self._playing.setdefault(listed.instrument_id, Playing())
            playing.take(price)
            if price.price is not None:
                ticks.append(
                    TickValue(
                        instrument_id=listed.instrument_id,
                        occurred_at=due_at,
                        provider_tick_id=f"r{self._number}",
                        price=price.price,
                        size=price.size or Decimal(0),
                        source=REPLAYED,
                    )
                )
            if quote := playing.quote(listed, at=due_at):
                quotes[listed.instrument_id] = quote
        return PriceBatch(tuple(quotes.values()), tuple(ticks))

    def _due(self, prices: Iterator[Due], at: datetime) -> Iterator[Due]:
        for _ in range(BATCH_PRICES):
            waiting = self._waiting or next(prices, None)
            self._waiting = waiting
            if waiting is None or waiting[0] > at:
                return
            self._waiting = None
            self._number += 1
            yield waiting

    def _play(self, *, begun_at: datetime) -> Iterator[Due]:
        """Each row with when it is due; over and over where that is asked for."""
        begins_at = begun_at
        while True:
            timetable = Timetable(speed=self._speed, due_at=begins_at)
            try:
                for price in in_order(read_recording(path) for path in self._files):
                    yield timetable.next_due(price), price
            except UnreadableRecording:
                logger.exception("The recording ends here")
            if not self._is_looping or timetable.latest is None:
                logger.info("The recording is over")
                return
            begins_at = timetable.due_at + LAP_PAUSE
            logger.info("The recording begins anew")
