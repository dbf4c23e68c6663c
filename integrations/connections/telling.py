"""What the owner of a connection is told when it stops working for him."""

from __future__ import annotations

from datetime import datetime

from integrations import outbox
from integrations.events.kinds import ConnectionStopped
from integrations.models import Connection


def tell_stopped(
    connection: Connection, kind: type[ConnectionStopped], *, reason: str, at: datetime
) -> None:
    """Tell him why, in the transaction that stops it."""
    event = kind(
        owner_id=connection.owner_id,
        occurred_at=at,
        connection_id=connection.id,
        broker=connection.broker,
        name=connection.name,
        reason=reason,
    )
    outbox.put([event], recorded_at=at)
