"""Hearing which alerts have changed, without waiting."""

from __future__ import annotations

import logging
import time
from typing import Any, Final
from uuid import UUID

import redis
from django.conf import settings

from market.alerts.news import changed_channel, read_ids
from market.live.live_quotes import TIMEOUT_SECONDS

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = 1.0


class ChangeListener:
    """A subscription that is asked now and then. Without Valkey it hears nothing and says so."""

    def __init__(self) -> None:
        self._pubsub: Any = None  # its pub/sub has no types
        self._retry_at = 0.0  # monotonic
        self._is_away = False

    def take(self) -> set[UUID]:
        """The alerts that have changed since the latest call, as far as it was told."""
        changed: set[UUID] = set()
        try:
            if self._pubsub is None and not self._subscribe():
                return changed
            while (message := self._pubsub.get_message(timeout=0)) is not None:
                changed.update(read_ids(message["data"]))
        except (redis.RedisError, OSError) as error:
            if not self._is_away:
                logger.warning("Changes of alerts are seen late, Valkey is away: %s", error)
            self._is_away = True
            self._retry_at = time.monotonic() + RETRY_SECONDS
            self.close()
        return changed

    def close(self) -> None:
        if self._pubsub is not None:
            self._pubsub.close()
            self._pubsub = None

    def _subscribe(self) -> bool:
        if time.monotonic() < self._retry_at:
            return False
        client = redis.Redis.from_url(
            settings.REDIS_URL,
            socket_connect_timeout=TIMEOUT_SECONDS,
            socket_timeout=TIMEOUT_SECONDS,
        )
        pubsub: Any = client.pubsub(  # type: ignore[no-untyped-call]
            ignore_subscribe_messages=True
        )
        pubsub.subscribe(changed_channel())
        self._pubsub = pubsub
        self._is_away = False
        return True
