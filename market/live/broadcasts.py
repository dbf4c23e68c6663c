"""Telling the other processes about prices, through Valkey: one function or class per message.

``prices:<shard>`` carries one message per batch, ``{"at", "quotes": [wire form with depth],
"ticks": [{"instrument_id", "id", "symbol", "price", "size", "occurred_at"}]}``. The hash
``quotes`` keeps each instrument's newest quote for those who come later.
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
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts import metrics
from market.intake.providers import PriceBatch
from market.live.live_quotes import QUOTES_KEY, heartbeat_key, prefixed, prices_channel
from market.live.shard_leader import Shard
from market.values import TickValue, plain, quote_to_wire, wire_time

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 0.5
REST_SECONDS: Final = (0.1, 0.3, 1.0)
HEARTBEAT_SECONDS: Final = 1.0
HEARTBEAT_EXPIRES_SECONDS: Final = 30


def tick_to_wire(tick: TickValue, symbol: str) -> dict[str, str | int]:
    return {
        "instrument_id": tick.instrument_id,
        "id": tick.provider_tick_id,
        "symbol": symbol,
        "price": plain(tick.price),
        "size": plain(tick.size),
        "occurred_at": wire_time(tick.occurred_at),
    }


class PricePublisher:
    """Publishes one shard's batches. Without Valkey it keeps the newest quotes and goes on.

    When Valkey is back, everything known is published anew, because it may have forgotten all.
    Ticks are not kept for it: the database has them.
    """

    def __init__(self, *, shard: Shard) -> None:
        self._client = redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._channel = prices_channel(str(shard.index))
        self._heartbeat_key = heartbeat_key(str(shard.index))
        self._newest: dict[int, dict[str, Any]] = {}
        self._symbols: dict[int, str] = {}
        self._failures = 0
        self._rests_until = 0.0  # monotonic
        self._heart_beats_at = 0.0  # monotonic

    def publish(self, batch: PriceBatch, *, at: datetime) -> None:
        """Make a batch known at once. Valkey being away is logged, not raised."""
        quotes = {
            quote.instrument_id: quote_to_wire(quote, with_depth=True) for quote in batch.quotes
        }
        self._newest |= quotes
        self._symbols |= {number: wire["symbol"] for number, wire in quotes.items()}
        now = time.monotonic()
        is_beat_due = now >= self._heart_beats_at
        if now < self._rests_until or not (quotes or batch.ticks or is_beat_due):
            return
        try:
            if self._failures:
                quotes = self._newest
            self._send(quotes, batch.ticks, at=at, with_heartbeat=is_beat_due)
            if batch.quotes:
                newest = max(quote.occurred_at for quote in batch.quotes)
                metrics.price_lag("feed").observe(max(0.0, (at - newest).total_seconds()))
        except redis.RedisError as error:
            self._rest(error)
            return
        if self._failures:
            logger.info("Valkey is back; all %s quotes are published anew", len(self._newest))
            self._failures = 0
        if is_beat_due:
            self._heart_beats_at = now + HEARTBEAT_SECONDS

    def newest_at(self, instrument_id: int) -> datetime | None:
        """Of when the quote is that was published last of an instrument."""
        wire = self._newest.get(instrument_id)
        return None if wire is None else datetime.fromisoformat(wire["occurred_at"])

    def close(self) -> None:
        self._client.close()

    def _send(
        self,
        quotes: Mapping[int, Mapping[str, Any]],
        ticks: Iterable[TickValue],
        *,
        at: datetime,
        with_heartbeat: bool,
    ) -> None:
        message = {
            "at": wire_time(at),
            "quotes": list(quotes.values()),
            "ticks": [
                tick_to_wire(tick, self._symbols[tick.instrument_id])
                for tick in ticks
                if tick.instrument_id in self._symbols
            ],
        }
        pipeline = self._client.pipeline(transaction=False)
        if quotes:
            texts: dict[Any, Any] = {
                str(number): orjson.dumps(wire) for number, wire in quotes.items()
            }
            # First the hash: whoever is woken by the message finds the quote there.
            pipeline.hset(prefixed(QUOTES_KEY), mapping=texts)
        if quotes or message["ticks"]:
            pipeline.publish(self._channel, orjson.dumps(message))
        if with_heartbeat:
            pipeline.set(self._heartbeat_key, wire_time(at), ex=HEARTBEAT_EXPIRES_SECONDS)
        pipeline.execute()

    def _rest(self, error: redis.RedisError) -> None:
        if not self._failures:
            logger.warning("Valkey is away; prices reach the database only: %s", error)
        self._rests_until = time.monotonic() + REST_SECONDS[min(self._failures, 2)]
        self._failures += 1
