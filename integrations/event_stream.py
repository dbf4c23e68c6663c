"""Events in a stream of Valkey, for programs beside the desk that read on where they stopped.

One relay at a time writes, in the order of the outbox. An event is marked once Valkey has it, so
it is there at least once; one that comes twice, because a relay died in between, has the same
``id``. While Valkey is away, events wait in PostgreSQL.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import orjson
import redis
from django.conf import settings
from django.db import connection

from integrations.events.domain_event import json_value
from integrations.models import OutboxEvent
from market.live import live_quotes

logger = logging.getLogger(__name__)

STREAM: Final = "events"
BATCH: Final = 500
LOCK: Final = 0x4556_454E_5453  # "EVENTS"


def stream_name() -> str:
    return live_quotes.prefixed(STREAM)


def publish_due(*, at: datetime) -> int:
    """Add what is not there yet to the stream, oldest first; return how many events.

    Nothing while another relay does, or Valkey is away.
    """
    if live_quotes.rest.is_on:
        return 0
    waiting = OutboxEvent.objects.filter(streamed_at=None).order_by("recorded_at", "id")
    if not waiting.exists():
        return 0
    with writing_alone() as is_alone:
        if not is_alone:
            return 0
        events = list(waiting[:BATCH])
        try:
            add(events)
        except redis.RedisError as error:
            live_quotes.rest.begin()
            logger.warning("The stream of events waits, Valkey is away: %s", error)
            return 0
        mark(events, at=at)
    return len(events)


def add(events: list[OutboxEvent]) -> None:
    """Append events; the stream keeps about as many as the limit says."""
    limit: int = settings.LIMITS.event_stream_entries
    with live_quotes.valkey().pipeline(transaction=False) as pipeline:
        for event in events:
            pipeline.xadd(stream_name(), entry_of(event), maxlen=limit, approximate=True)
        pipeline.execute()


def entry_of(event: OutboxEvent) -> dict[Any, Any]:
    """An event as fields of an entry, all text; ``data`` is JSON. See docs/events.md."""
    return {
        "id": str(event.id),
        "type": event.kind,
        "owner_id": str(event.owner_id),
        "timestamp": str(json_value(event.occurred_at)),
        "data": orjson.dumps(event.data),
    }


def mark(events: list[OutboxEvent], *, at: datetime) -> None:
    OutboxEvent.objects.filter(id__in=[event.id for event in events]).update(streamed_at=at)


@contextmanager
def writing_alone() -> Iterator[bool]:
    """Hold the right to write, which dies with the connection; whether it was to be had."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        is_alone = bool(cursor.fetchone()[0])
        try:
            yield is_alone
        finally:
            if is_alone:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
