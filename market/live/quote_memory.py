"""The newest quotes in this process's memory, as Valkey passes them on.

A web process listens from its first request on, so that an order needs no question to Valkey for
its price. What is not here, or was not heard again for a while, is asked from
``market.live.live_quotes``.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
import redis
from django.conf import settings

from market.values import QuoteValue, quote_from_wire

logger = logging.getLogger(__name__)

# A connection may have died unnoticed; then nothing is believed for longer than this.
BELIEVED_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 1.0
WAIT_SECONDS: Final = 1.0
CONNECT_SECONDS: Final = 2.0


class QuoteMemory:
    """Written by one thread that listens, read by all others."""

    def __init__(self) -> None:
        self._heard: dict[int, tuple[float, Mapping[str, Any]]] = {}  # until when, monotonic

    def find(self, instrument_ids: Iterable[int]) -> dict[int, QuoteValue]:
        """Those of the quotes that were heard a moment ago."""
        now = time.monotonic()
        heard = ((number, self._heard.get(number)) for number in instrument_ids)
        return {
            number: quote_from_wire(entry[1]) for number, entry in heard if entry and entry[0] > now
        }

    def take_in(self, message: bytes) -> None:
        """Keep the quotes of one message of the channel ``prices:<shard>``."""
        until = time.monotonic() + BELIEVED_SECONDS
        for wire in orjson.loads(message)["quotes"]:
            self._heard[wire["instrument_id"]] = (until, wire)

    def forget(self) -> None:
        self._heard.clear()

    def listen(self, *, pattern: str, stop: threading.Event) -> None:
        """Take in what is published until ``stop`` is set; connect again whenever that ends."""
        was_heard = True
        while not stop.is_set():
            try:
                self._listen_once(pattern, stop)
            except (redis.RedisError, OSError) as error:
                if was_heard:
                    logger.warning("Quotes are not heard, each is asked for: %s", error)
            was_heard = bool(self._heard)
            self.forget()
            stop.wait(RETRY_SECONDS)

    def _listen_once(self, pattern: str, stop: threading.Event) -> None:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=CONNECT_SECONDS)
        pubsub: Any = client.pubsub(  # type: ignore[no-untyped-call]
            ignore_subscribe_messages=True
        )
        try:
            pubsub.psubscribe(pattern)
            while not stop.is_set():
                message = pubsub.get_message(timeout=WAIT_SECONDS)
                if message is not None:
                    self.take_in(message["data"])
        finally:
            pubsub.close()
            client.close()


memory: Final = QuoteMemory()
