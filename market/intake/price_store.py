"""The feed's way into PostgreSQL: a buffer, and a thread that empties it every 250 ms.

A slow or absent database delays no price. Ticks wait for it up to a limit; beyond that the
oldest are dropped, and how many is logged.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import InterfaceError, OperationalError, close_old_connections, connection

from market.intake.confirmed_jumps import confirm_jumps
from market.intake.ingestion import ensure_tick_partitions, store_quotes, store_ticks
from market.intake.providers import PriceBatch
from market.intake.refused_prices import ConfirmedJump, RefusedPrice
from market.values import QuoteValue, TickValue

logger = logging.getLogger(__name__)

WRITE_SECONDS: Final = 0.25
RETRY_SECONDS: Final = (0.5, 1.0, 2.0, 5.0)
TICKS_PER_WRITE: Final = 5_000
TICKS_WAITING: Final = 200_000
PARTITIONS_SECONDS: Final = 1_800.0
PARTITION_DAYS: Final = 3


class PriceBuffer:
    """What is not stored yet: all ticks in order, what was kept out or confirmed, newest quotes."""

    def __init__(self, *, capacity: int = TICKS_WAITING) -> None:
        self._lock = threading.Lock()
        self._ticks: deque[TickValue] = deque()
        self._refused: deque[RefusedPrice] = deque()
        self._confirmed: deque[ConfirmedJump] = deque()
        self._quotes: dict[int, QuoteValue] = {}
        self._capacity = capacity
        self._dropped = 0

    def put(self, batch: PriceBatch) -> None:
        with self._lock:
            self._ticks.extend(batch.ticks)
            self._refused.extend(batch.refused)
            self._confirmed.extend(batch.confirmed)
            self._quotes.update((quote.instrument_id, quote) for quote in batch.quotes)
            self._drop_excess()

    def put_back(self, batch: PriceBatch) -> None:
        """Return what could not be stored; quotes that are newer by now stay."""
        with self._lock:
            self._ticks.extendleft(reversed(batch.ticks))
            self._refused.extendleft(reversed(batch.refused))
            self._confirmed.extendleft(reversed(batch.confirmed))
            for quote in batch.quotes:
                self._quotes.setdefault(quote.instrument_id, quote)
            self._drop_excess()

    def take(self, *, ticks: int = TICKS_PER_WRITE) -> PriceBatch:
        """Remove the oldest ticks, what was kept out or confirmed, and all quotes."""
        with self._lock:
            count = min(ticks, len(self._ticks))
            taken = tuple(self._ticks.popleft() for _ in range(count))
            quotes = tuple(self._quotes.values())
            self._quotes = {}
            refused, confirmed = tuple(self._refused), tuple(self._confirmed)
            self._refused.clear()
            self._confirmed.clear()
            return PriceBatch(quotes, taken, refused, confirmed)

    def take_dropped(self) -> int:
        """How many ticks were dropped since the latest call."""
        with self._lock:
            dropped, self._dropped = self._dropped, 0
            return dropped

    def __len__(self) -> int:
        return len(self._ticks)

    def _drop_excess(self) -> None:
        for waiting in (self._ticks, self._refused, self._confirmed):
            while len(waiting) > self._capacity:
                waiting.popleft()
                self._dropped += 1


class PriceStore:
    """Empties a buffer into the database, for ever, in a thread of its own."""

    def __init__(self, buffer: PriceBuffer, *, clock: Callable[[], datetime]) -> None:
        self._buffer = buffer
        self._clock = clock
        self._stop = threading.Event()
        self._partitions_due_at: datetime | None = None
        self._thread = threading.Thread(target=self._run, name="price store", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, timeout_seconds: float) -> None:
        """Store what waits, once more, and end."""
        self._stop.set()
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        failures = 0
        while not self._stop.wait(self._pause(failures)):
            failures = 0 if self._write() else failures + 1
        self._write()
        connection.close()

    def _pause(self, failures: int) -> float:
        if failures:
            return RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1]
        # A backlog is worked off without pause.
        return 0.0 if len(self._buffer) >= TICKS_PER_WRITE else WRITE_SECONDS

    def _write(self) -> bool:
        """Store one batch; false where the database is away and the batch went back."""
        if dropped := self._buffer.take_dropped():
            logger.error("The database was away too long: %s ticks were dropped", dropped)
        batch = self._buffer.take()
        try:
            close_old_connections()
            self._ensure_partitions()
            if batch.ticks or batch.refused:
                store_ticks(batch.ticks, received_at=self._clock(), kept_out=batch.refused)
            if batch.quotes:
                store_quotes(batch.quotes)
            if batch.confirmed:
                confirm_jumps(batch.confirmed, confirmed_at=self._clock())
        except (OperationalError, InterfaceError) as error:
            self._buffer.put_back(batch)
            logger.warning("%s ticks wait for the database: %s", len(self._buffer), error)
            connection.close()
            return False
        except Exception:
            # It would fail the same way for ever, and hold back everything behind it.
            logger.exception("%s ticks could not be stored and are lost", len(batch.ticks))
        return True

    def _ensure_partitions(self) -> None:
        now = self._clock()
        if self._partitions_due_at is None or now >= self._partitions_due_at:
            ensure_tick_partitions(first_date=now.date() - timedelta(days=1), days=PARTITION_DAYS)
            self._partitions_due_at = now + timedelta(seconds=PARTITIONS_SECONDS)
