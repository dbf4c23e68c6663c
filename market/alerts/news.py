"""Telling other processes about alerts, through Valkey: one function per message.

``alerts:changed`` carries a JSON list of alert ids for those who watch prices; ``alerts:fired``
one of user ids, for those who hold these users' sockets. A message lost costs seconds, no more:
the watchers compare themselves with the database, and pages look by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

import orjson

from market.live import live_quotes

CHANGED: Final = "alerts:changed"
FIRED: Final = "alerts:fired"


def changed_channel() -> str:
    return live_quotes.prefixed(CHANGED)


def fired_channel() -> str:
    return live_quotes.prefixed(FIRED)


def tell_changed(alert_ids: Iterable[UUID]) -> None:
    """Have watchers read these alerts anew; call after the commit."""
    publish_ids(changed_channel(), alert_ids)


def tell_fired(owner_ids: Iterable[UUID]) -> None:
    """Have these users' open pages look; call after the commit."""
    publish_ids(fired_channel(), owner_ids)


def read_ids(message: bytes) -> list[UUID]:
    return [UUID(text) for text in orjson.loads(message)]


def publish_ids(channel: str, ids: Iterable[UUID]) -> None:
    """Publish ids; while Valkey is away, nothing happens."""
    if live_quotes.rest.is_on:
        return
    with live_quotes.rest.on_failure("Nobody was told about changes, Valkey is away"):
        live_quotes.valkey().publish(channel, orjson.dumps([str(one) for one in ids]))
