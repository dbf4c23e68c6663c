"""The newest quotes: from this process's memory, from Valkey's, or from the database's snapshots.

Valkey being away is not an error here: quotes are then as old as the last stored snapshot, and
``QuoteValue.is_stale`` tells.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import orjson
import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from market.live import quote_memory, quoted_addresses
from market.models import QuoteSnapshot
from market.values import QuoteValue, levels_from_wire, quote_from_wire

logger = logging.getLogger(__name__)

QUOTES_KEY: Final = "quotes"
TIMEOUT_SECONDS: Final = 0.5
# After a failure Valkey is left alone this long, so that its absence costs one time-out a second
# at most, not one a request.
REST_SECONDS: Final = 1.0


class Rest:
    """Whether Valkey failed a moment ago."""

    def __init__(self) -> None:
        self._until = 0.0  # monotonic

    def begin(self) -> None:
        self._until = time.monotonic() + REST_SECONDS

    def end(self) -> None:
        self._until = 0.0

    @property
    def is_on(self) -> bool:
        return time.monotonic() < self._until

    @contextmanager
    def on_failure(self, said: str) -> Iterator[None]:
        """Go on after what is within where Valkey fails there, and begin; ``said`` is logged."""
        try:
            yield
        except redis.RedisError as error:
            self.begin()
            logger.warning("%s: %s", said, error)


rest: Final = Rest()


def prefixed(name: str) -> str:
    """A key or channel of ours, as Valkey knows it."""
    return f"{settings.VALKEY_PREFIX}{name}"


def prices_channel(shard: str) -> str:
    """Where a shard's feed publishes its batches; ``*`` stands for all shards."""
    return prefixed(f"prices:{shard}")


def books_channel() -> str:
    """Where a matcher tells whose resting orders have changed: a list of instrument ids."""
    return prefixed("books")


def heartbeat_key(shard: str) -> str:
    return prefixed(f"feed:{shard}:heartbeat")


def valkey() -> redis.Redis:
    """This process's client, made at the first call. It fails fast rather than retry."""
    return _client(settings.REDIS_URL)


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        health_check_interval=30,
        # One second try replaces a connection that died while it lay in the pool.
        retry=Retry(NoBackoff(), 1),
    )


def latest_quote(instrument_id: int) -> QuoteValue | None:
    """The newest quote of one instrument, or ``None`` where it never had one."""
    return latest_quotes([instrument_id]).get(instrument_id)


def latest_quotes(instrument_ids: Iterable[int]) -> dict[int, QuoteValue]:
    """The newest quotes of those instruments that ever had one; at most one read of each store."""
    wanted = list(dict.fromkeys(instrument_ids))
    if not wanted:
        return {}
    quotes = quote_memory.memory.find(wanted)
    for source in (_remembered, _stored):
        if missing := [number for number in wanted if number not in quotes]:
            quotes |= source(missing)
    return quotes


def keep_listening() -> None:
    """Keep this process's memory of quotes fresh from now on, in a thread of its own."""
    quoted_addresses.memory.begin()
    words = {"pattern": prices_channel("*"), "stop": threading.Event()}
    threading.Thread(
        target=quote_memory.memory.listen, kwargs=words, name="quotes", daemon=True
    ).start()


def _remembered(instrument_ids: Sequence[int]) -> dict[int, QuoteValue]:
    if rest.is_on:
        return {}
    fields = [str(instrument_id) for instrument_id in instrument_ids]
    texts: list[Any] = []
    with rest.on_failure("Valkey did not answer, serving stored quotes"):
        texts = list(valkey().hmget(prefixed(QUOTES_KEY), fields))
    found = (quote_from_wire(orjson.loads(text)) for text in texts if text is not None)
    return {quote.instrument_id: quote for quote in found}


def _stored(instrument_ids: Sequence[int]) -> dict[int, QuoteValue]:
    snapshots = QuoteSnapshot.objects.filter(instrument_id__in=instrument_ids)
    return {
        snapshot.instrument_id: _quote_of(snapshot)
        for snapshot in snapshots.select_related("instrument")
    }


def _quote_of(snapshot: QuoteSnapshot) -> QuoteValue:
    return QuoteValue(
        instrument_id=snapshot.instrument_id,
        symbol=snapshot.instrument.symbol,
        bid=snapshot.bid,
        bid_size=snapshot.bid_size,
        ask=snapshot.ask,
        ask_size=snapshot.ask_size,
        last=snapshot.last,
        last_size=snapshot.last_size,
        previous_close=snapshot.previous_close,
        bid_levels=levels_from_wire(snapshot.bid_levels),
        ask_levels=levels_from_wire(snapshot.ask_levels),
        occurred_at=snapshot.occurred_at,
        source=snapshot.source,
    )
