"""Waking the matcher when work has been committed. A ring that is lost costs 250 ms, no more."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from accounts.valkey_calls import ValkeyMessages
from market.live import live_quotes

RING: Final = b"1"

bells: Final = ValkeyMessages(timeout_seconds=live_quotes.TIMEOUT_SECONDS)


def channel(shard: int) -> str:
    return live_quotes.prefixed(f"matcher:{shard}:doorbell")


def heartbeat_key(shard: int) -> str:
    return live_quotes.prefixed(f"matcher:{shard}:heartbeat")


def shard_of(instrument_id: int) -> int:
    """Which matcher an instrument belongs to."""
    return instrument_id % int(settings.MATCHER_SHARDS)


def ring(instrument_id: int) -> None:
    """Wake the matcher of an instrument; call after the commit."""
    if live_quotes.rest.is_on:
        return
    with live_quotes.rest.on_failure("The matcher was not woken and will look by itself"):
        bells.call(settings.REDIS_URL, "PUBLISH", channel(shard_of(instrument_id)), RING)
