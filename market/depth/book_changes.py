"""Telling the socket processes whose resting orders have changed; they read the levels anew.

A message that is lost costs the time until the next regular look, no more.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

import orjson
import redis

from market.live import live_quotes

logger = logging.getLogger(__name__)


def announce(instrument_ids: Iterable[int]) -> None:
    """Tell of instruments whose resting orders changed; call after the commit."""
    changed = sorted(set(instrument_ids))
    if not changed or live_quotes.rest.is_on:
        return
    try:
        live_quotes.valkey().publish(live_quotes.books_channel(), orjson.dumps(changed))
    except redis.RedisError as error:
        live_quotes.rest.begin()
        logger.warning("Pages hear of changed order books with a delay: %s", error)
