"""Background work for connections and exports. Each task is safe to run twice."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from accounts.policies import works_for_owner_of, works_for_the_desk


@shared_task  # type: ignore[untyped-decorator]
@works_for_owner_of("sync_id")
def run_sync(*, sync_id: str, **_: Any) -> None:
    """Read a connection."""
    from integrations.connections.syncing import run_sync as run

    run(UUID(sync_id), clock=timezone.now)


@shared_task  # type: ignore[untyped-decorator]
@works_for_the_desk
def request_due_syncs(**_: Any) -> None:
    """Ask for the syncs that are due."""
    from integrations.connections.syncing import request_due

    request_due(at=timezone.now())


@shared_task  # type: ignore[untyped-decorator]
@works_for_the_desk
def look_at_proxies(**_: Any) -> None:
    """Find out which of the operator's proxies are well."""
    from integrations.egress.proxy_pool import look_at_all

    look_at_all(at=timezone.now())


@shared_task  # type: ignore[untyped-decorator]
@works_for_owner_of("connection_id")
def finish_deleting(*, connection_id: str, **_: Any) -> None:
    """Reverse what a deleted connection booked."""
    from integrations.connections.deleting import finish_deleting as finish

    finish(UUID(connection_id), at=timezone.now())


@shared_task  # type: ignore[untyped-decorator]
@works_for_owner_of("export_id")
def write_export(*, export_id: str, **_: Any) -> None:
    """Write an export, or go on with it."""
    from integrations.exports.writing import write_export as write

    write(UUID(export_id), clock=timezone.now)


@shared_task  # type: ignore[untyped-decorator]
@works_for_the_desk
def tend_exports(**_: Any) -> None:
    """Ask for the nights that are due, go on with what a dead worker left, remove the old."""
    from integrations.exports.keeping import tend
    from integrations.exports.nights import request_due_nights

    at = timezone.now()
    tend(at=at)
    request_due_nights(at=at)


@shared_task  # type: ignore[untyped-decorator]
@works_for_owner_of("live_order_id")
def send_live_order(*, live_order_id: str, **_: Any) -> None:
    """Send one order to its broker, once."""
    from integrations.live_orders.sending import send_live_order as send

    send(UUID(live_order_id), clock=timezone.now)


@shared_task  # type: ignore[untyped-decorator]
@works_for_owner_of("connection_id")
def look_at_live_orders(*, connection_id: str, **_: Any) -> None:
    """Ask one broker what became of orders."""
    from integrations.live_orders.following import look

    look(UUID(connection_id), clock=timezone.now)


@shared_task  # type: ignore[untyped-decorator]
@works_for_the_desk
def follow_live_orders(**_: Any) -> None:
    """Find the live orders that somebody has to look at, or to send."""
    from integrations.live_orders.following import request_looks

    request_looks(at=timezone.now())
