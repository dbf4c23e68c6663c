"""What is written whenever something is asked of the matcher: the event, and the command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from trading.models import Order, OrderCommand, OrderEvent
from trading.states import CommandKind, Event


def record_events(
    orders: Iterable[Order],
    *,
    kind: Event,
    occurred_at: datetime,
    actor_id: UUID | None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write that something happened to each of them, which has its new status already."""
    OrderEvent.objects.bulk_create(
        OrderEvent(
            order_id=order.id,
            kind=kind,
            status=order.status,
            occurred_at=occurred_at,
            actor_id=actor_id,
            details=dict(details or {}),
        )
        for order in orders
    )


def queue_commands(
    orders: Iterable[Order], *, kind: CommandKind, created_at: datetime, actor_id: UUID | None
) -> list[OrderCommand]:
    """Leave work for the matcher; whoever calls rings its doorbell after the commit."""
    return OrderCommand.objects.bulk_create(
        OrderCommand(
            kind=kind,
            order_id=order.id,
            instrument_id=order.instrument_id,
            actor_id=actor_id,
            created_at=created_at,
        )
        for order in orders
    )
