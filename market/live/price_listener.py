"""Hearing what the feeds publish, in a thread of its own.

While thousands of sockets are written to, the event loop comes round a few times a second only,
and reading from Valkey there would fall behind a busy market without ever catching up. A thread
reads at once whatever arrives and hands it to the loop in order.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
import redis
from django.conf import settings
from django.utils import timezone
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts import metrics
from market.alerts.news import fired_channel, read_ids
from market.live.live_quotes import QUOTES_KEY, books_channel, prefixed, prices_channel
from market.live.user_news import news_channel
from market.values import time_from_wire

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.5  # how long it may take to notice that it is to stop
SILENCE_SECONDS: Final = 5.0  # then Valkey is asked whether it is still there
TIMEOUT_SECONDS: Final = 2.0
RECONNECT_SECONDS: Final = (0.1, 0.3, 1.0, 2.0)

Quotes = Sequence[Mapping[str, Any]]
Ticks = Sequence[Mapping[str, Any]]


class Hearer(Protocol):
    """Whom the listener tells, from its own thread; nothing here may block."""

    def hear_quotes(self, quotes: Quotes) -> None:
        """Quotes in wire form, in the order published."""

    def hear_ticks(self, ticks: Ticks) -> None:
        """Ticks in wire form, in the order published."""

    def hear_books(self, instrument_ids: Sequence[int]) -> None:
        """Whose resting orders have changed."""

    def hear_fired(self, user_ids: Collection[UUID]) -> None:
        """Whose alerts have fired."""

    def hear_news(self, user_ids: Collection[UUID]) -> None:
        """Who has news in his inbox."""

    def hear_anew(self) -> None:
        """The connection is new; what was published before it may have been missed."""


class PriceListener:
    """Passes on what feeds and matchers publish."""

    def __init__(self, hearer: Hearer) -> None:
        self._hearer = hearer
        self._stop = threading.Event()
        # Set once the quotes that stood before were delivered, or Valkey turned out to be away.
        self.has_begun = threading.Event()
        self._thread = threading.Thread(target=self._run, name="price listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End, which takes up to half a second."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._listen()
            except redis.RedisError as error:
                if not failures:
                    logger.warning("Prices stand still, Valkey is away: %s", error)
            except Exception:
                logger.exception("The listener for prices stumbled and goes on")
            self.has_begun.set()
            failures = 0 if time.monotonic() - began > SILENCE_SECONDS else failures + 1
            self._stop.wait(RECONNECT_SECONDS[min(failures, len(RECONNECT_SECONDS) - 1)])

    def _listen(self) -> None:
        """Pass on what is published for as long as the connection lives."""
        client: Any = redis.Redis.from_url(  # its pub/sub has no types
            settings.REDIS_URL,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=TIMEOUT_SECONDS,
            socket_timeout=TIMEOUT_SECONDS,
        )
        with client, client.pubsub() as messages:
            messages.psubscribe(prices_channel("*"))
            messages.subscribe(books_channel(), fired_channel(), news_channel())
            # Read after subscribing, so that nothing falls between the two.
            newest: dict[bytes, bytes] = client.hgetall(prefixed(QUOTES_KEY))
            self._hearer.hear_quotes([orjson.loads(text) for text in newest.values()])
            self._hearer.hear_anew()
            self.has_begun.set()
            heard_at = time.monotonic()
            while not self._stop.is_set():
                if self._receive(messages):
                    heard_at = time.monotonic()
                elif time.monotonic() - heard_at > 2 * SILENCE_SECONDS:
                    raise redis.ConnectionError("Valkey stopped answering")
                elif time.monotonic() - heard_at > SILENCE_SECONDS:
                    messages.ping()

    def _receive(self, messages: Any) -> bool:
        """Take one message, if one comes; an answer to a ping counts too."""
        message = messages.get_message(timeout=POLL_SECONDS)
        if message is None:
            return False
        if message["type"] == "pmessage":
            batch = orjson.loads(message["data"])
            age = timezone.now() - time_from_wire(batch["at"])
            metrics.price_lag("hub").observe(max(0.0, age.total_seconds()))
            self._hearer.hear_quotes(batch["quotes"])
            self._hearer.hear_ticks(batch["ticks"])
        elif message["type"] == "message":
            channel = message["channel"].decode()
            if channel == books_channel():
                self._hearer.hear_books(orjson.loads(message["data"]))
            elif channel == news_channel():
                self._hearer.hear_news(read_ids(message["data"]))
            else:
                self._hearer.hear_fired(read_ids(message["data"]))
        return True
