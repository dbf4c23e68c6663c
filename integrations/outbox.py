"""The outbox: events written with what they tell of, and relayed once everything is committed.

``put`` joins the transaction of its caller, so an event is there exactly if its cause is.
``relay_due`` turns events into what is to be delivered, in one transaction with marking them, so
each is turned exactly once, by however many relays. One that cannot be turned is tried again with
growing pauses, and given up after a day; staff sees it in Operations and has it tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import orjson
from django.db import transaction
from django.utils.module_loading import import_string

from accounts import audit
from accounts.identifiers import new_id
from integrations.events.domain_event import DomainEvent
from integrations.models import OutboxEvent
from market.live import user_news
from portfolio.bookkeeping.bulk import columns_of, execute

logger = logging.getLogger(__name__)

BATCH: Final = 200
PAUSE: Final = timedelta(seconds=5)
PAUSE_MAXIMUM: Final = timedelta(hours=3)
ATTEMPTS: Final = 16  # about a day
ERROR_CHARACTERS: Final = 300
KEPT: Final = timedelta(days=30)
# Each turns events into rows of its own, in the relay's transaction.
CONSUMERS: Final = (
    "integrations.notifications.inbox.take_events",
    "integrations.webhooks.delivering.take_events",
)
PUT: Final = """
INSERT INTO integrations_outboxevent
    (id, kind, owner_id, data, occurred_at, recorded_at, due_at, attempts, error)
SELECT id, kind, owner_id, data::jsonb, occurred_at, %s, %s, 0, ''
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::timestamptz[])
    AS event (id, kind, owner_id, data, occurred_at)
"""


def put(events: Sequence[DomainEvent], *, recorded_at: datetime) -> None:
    """Write events down, inside the transaction of what they tell of; one statement for all."""
    if not events:
        return
    if not transaction.get_connection().in_atomic_block:
        raise audit.NotInTransaction("An event must be put in the transaction of its cause.")
    rows = [
        (
            new_id(),
            event.kind,
            event.owner_id,
            orjson.dumps(event.data()).decode(),
            event.occurred_at,
        )
        for event in events
    ]
    execute(PUT, [recorded_at, recorded_at, *columns_of(rows, width=5)])


def relay_due(*, at: datetime) -> int:
    """Relay what waits, oldest first; return how many events were taken on."""
    try:
        return _relay(at=at)
    except Exception:  # the outermost loop's: one bad event must not hold up the others
        logger.exception("A batch of events could not be relayed; trying each alone")
    due = OutboxEvent.objects.waiting().filter(due_at__lte=at).order_by("due_at", "id")
    return sum(
        _relay_alone(event_id, at=at) for event_id in due.values_list("id", flat=True)[:BATCH]
    )


@transaction.atomic
def _relay(*, at: datetime, event_id: UUID | None = None) -> int:
    due = OutboxEvent.objects.waiting().filter(due_at__lte=at)
    if event_id is not None:
        due = due.filter(id=event_id)
    locked = due.select_for_update(skip_locked=True, no_key=True)
    events = list(locked.order_by("due_at", "id")[:BATCH])
    if not events:
        return 0
    for consumer in consumers():
        consumer(events, at=at)
    OutboxEvent.objects.filter(id__in=[event.id for event in events]).update(done_at=at, error="")
    owners = {event.owner_id for event in events}
    transaction.on_commit(partial(user_news.tell, owners))
    return len(events)


def _relay_alone(event_id: UUID, *, at: datetime) -> int:
    try:
        return _relay(at=at, event_id=event_id)
    except Exception as error:
        logger.exception("The event %s could not be relayed", event_id)
        _put_off(event_id, error=error, at=at)
        return 1


@transaction.atomic
def _put_off(event_id: UUID, *, error: Exception, at: datetime) -> None:
    event = OutboxEvent.objects.select_for_update().get(id=event_id)
    event.attempts += 1
    event.error = f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS]
    if event.attempts >= ATTEMPTS:
        event.given_up_at = at
    event.due_at = at + min(PAUSE * 2 ** (event.attempts - 1), PAUSE_MAXIMUM)
    event.save(update_fields=["attempts", "error", "given_up_at", "due_at"])


@transaction.atomic
def rerun(*, event_id: UUID, at: datetime) -> OutboxEvent:
    """Have a dead letter tried again from the start. One that is not dead stays as it is.

    Raises:
        OutboxEvent.DoesNotExist: there is no such event.
    """
    event = OutboxEvent.objects.select_for_update().get(id=event_id)
    if event.given_up_at is None:
        return event
    event.given_up_at, event.attempts, event.due_at = None, 0, at
    event.save(update_fields=["given_up_at", "attempts", "due_at"])
    audit.record(
        action="event.rerun",
        owner_id=None,
        target="event",
        target_id=str(event.id),
        after={"kind": event.kind},
        occurred_at=at,
    )
    return event


def sweep(*, at: datetime) -> int:
    """Forget what was relayed a month ago; return how many events."""
    old = OutboxEvent.objects.filter(recorded_at__lt=at - KEPT).exclude(done_at=None)
    return old.delete()[0]


def consumers() -> list[Callable[..., None]]:
    return [import_string(name) for name in CONSUMERS]
