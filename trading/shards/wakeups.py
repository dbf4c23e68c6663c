"""What wakes a matcher: rings of the doorbell and new prices, as Valkey passes them on.

Both may be missing. Then the matcher looks into the database by itself, four times a second.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import orjson
import redis
from django.conf import settings

from market.live import live_quotes
from market.values import QuoteValue, quote_from_wire
from trading.shards import doorbell

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.25
RETRY_SECONDS: Final = 1.0


class Wakeups:
    """One subscription, and the newest quote that it brought of each instrument."""

    def __init__(self, *, shard: int, shards: int) -> None:
        self._shard = shard
        self._shards = shards
        self._pubsub: Any = None
        self._retry_at = 0.0  # monotonic
        self._wires: dict[int, Mapping[str, Any]] = {}
        self._changed: set[int] = set()
        self._may_have_missed = True  # prices that were published while nobody listened

    @property
    def is_listening(self) -> bool:
        return self._pubsub is not None

    def wait(self, timeout_seconds: float = POLL_SECONDS) -> bool:
        """Wait for a ring, new prices, or the time-out; return whether the doorbell rang."""
        if self._pubsub is None and time.monotonic() >= self._retry_at:
            self._subscribe()
        if self._pubsub is None:
            time.sleep(timeout_seconds)
            return False
        has_rung = False
        try:
            message = self._pubsub.get_message(timeout=timeout_seconds)
            while message is not None:
                has_rung = self._take_in(message) or has_rung
                message = self._pubsub.get_message(timeout=0)
        except (redis.RedisError, OSError) as error:
            self._lose(error)
        return has_rung

    def quotes(
        self,
        *,
        needed: Iterable[int],
        resting: Iterable[int],
        look_at_all: bool,
        now: datetime,
    ) -> dict[int, QuoteValue]:
        """The newest quotes of what is needed now, and of what rests and has a new price.

        Args:
            look_at_all: do not rely on having heard every change.
        """
        wanted = set(needed)
        wanted |= (
            set(resting)
            if look_at_all or self._may_have_missed or not self.is_listening
            else (self._changed.intersection(resting))
        )
        self._changed.clear()
        self._may_have_missed = not self.is_listening
        found: dict[int, QuoteValue] = {}
        if self.is_listening:
            for instrument_id in wanted & self._wires.keys():
                quote = quote_from_wire(self._wires[instrument_id])
                if not quote.is_stale(now, settings.LIMITS.quote_fresh_seconds):
                    found[instrument_id] = quote
        return found | live_quotes.latest_quotes(wanted - found.keys())

    def has_changes(self, resting: Iterable[int]) -> bool:
        """Whether a new price has come, or may have, for something that rests."""
        return self._may_have_missed or not self._changed.isdisjoint(resting)

    def close(self) -> None:
        if self._pubsub is not None:
            self._pubsub.close()
            self._pubsub = None

    def _subscribe(self) -> None:
        try:
            client = redis.Redis.from_url(
                settings.REDIS_URL,
                socket_connect_timeout=live_quotes.TIMEOUT_SECONDS,
                socket_timeout=live_quotes.TIMEOUT_SECONDS,
            )
            pubsub: Any = client.pubsub()  # type: ignore[no-untyped-call]
            pubsub.subscribe(doorbell.channel(self._shard))
            pubsub.psubscribe(live_quotes.prices_channel("*"))
            # What is read after the answer misses nothing that is published before it.
            while (answer := pubsub.get_message(timeout=live_quotes.TIMEOUT_SECONDS)) is None or (
                answer["type"] != "psubscribe"
            ):
                if answer is None:
                    raise redis.TimeoutError("Valkey did not answer a subscription")
        except (redis.RedisError, OSError) as error:
            self._lose(error)
            return
        self._pubsub = pubsub

    def _lose(self, error: Exception) -> None:
        if self._retry_at == 0.0 or self._pubsub is not None:
            logger.warning("Valkey is away, looking into the database by itself: %s", error)
        self._retry_at = time.monotonic() + RETRY_SECONDS
        self.close()
        # What was heard may be old by the time Valkey is back.
        self._wires.clear()
        self._changed.clear()

    def _take_in(self, message: Mapping[str, Any]) -> bool:
        if message["type"] == "message":
            return True
        if message["type"] == "pmessage":
            for wire in orjson.loads(message["data"])["quotes"]:
                instrument_id = wire["instrument_id"]
                if instrument_id % self._shards == self._shard:
                    self._wires[instrument_id] = wire
                    self._changed.add(instrument_id)
        return False
