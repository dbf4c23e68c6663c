"""When each shard of the live feed last said that it works."""

from __future__ import annotations

import logging
from datetime import datetime

import redis

from market.live.live_quotes import heartbeat_key, valkey
from market.values import time_from_wire

logger = logging.getLogger(__name__)


def shard_ages(*, at: datetime) -> list[tuple[str, float]] | None:
    """Seconds since each shard's heartbeat, by its index; None while Valkey is away.

    A shard that has been silent for long is not among them.
    """
    pattern = heartbeat_key("*")
    begin, end = pattern.split("*")
    try:
        client = valkey()
        keys = sorted(_text(key) for key in client.scan_iter(match=pattern, count=1_000))
        beats = client.mget(keys) if keys else []
    except (redis.RedisError, OSError):
        logger.warning("Valkey does not answer", exc_info=True)
        return None
    return [
        (
            key.removeprefix(begin).removesuffix(end),
            round(max(0.0, (at - time_from_wire(_text(beat))).total_seconds()), 1),
        )
        for key, beat in zip(keys, beats, strict=True)
        if beat is not None
    ]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
