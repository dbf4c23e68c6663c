"""Telling the socket processes whose resting orders have changed; they read the levels anew.

A message that is lost costs the time until the next regular look, no more.
"""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from market.live import live_quotes


def announce(instrument_ids: Iterable[int]) -> None:
    """Tell of instruments whose resting orders changed; call after the commit."""
    changed = sorted(set(instrument_ids))
    if not changed or live_quotes.rest.is_on:
        return
    with live_quotes.rest.on_failure("Pages hear of changed order books with a delay"):
        live_quotes.valkey().publish(live_quotes.books_channel(), orjson.dumps(changed))
