"""Taking from a connection that orders may leave through it: by its owner, or by what happened."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction

from accounts import audit
from integrations.connections.audited import target
from integrations.connections.telling import tell_stopped
from integrations.events.kinds import ConnectionDisarmed
from integrations.models import Arming, Connection

REASON_CHARACTERS: Final = 300
BY_OWNER: Final = "You disarmed it."
NEW_CREDENTIALS: Final = "Its credentials were entered anew."
DISABLED: Final = "It was disabled."
DELETED: Final = "It was deleted."
ARCHIVED: Final = "Its portfolio was archived."


@transaction.atomic
def disarm(connection: Connection, *, because: str, at: datetime) -> bool:
    """Let no further order leave through it; harmless where none may. Whether one might have.

    What is at the broker already stays there, and can be cancelled.
    """
    standing = Arming.objects.select_for_update().filter(connection=connection, disarmed_at=None)
    arming = standing.first()
    if arming is None:
        return False
    arming.disarmed_at, arming.disarmed_because = at, because[:REASON_CHARACTERS]
    arming.save(update_fields=["disarmed_at", "disarmed_because"])
    audit.record(
        action="connection.disarmed",
        **target(connection),
        before={"order_value_maximum": arming.order_value_maximum},
        after={"disarmed_because": arming.disarmed_because},
        occurred_at=at,
    )
    tell_stopped(connection, ConnectionDisarmed, reason=arming.disarmed_because, at=at)
    return True
