"""A broker that no longer takes the credentials: its owner is told, once."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from integrations.connections.disarming import REASON_CHARACTERS, disarm
from integrations.connections.telling import tell_stopped
from integrations.events.kinds import SignInNeeded
from integrations.models import Connection


@transaction.atomic
def need_sign_in(connection: Connection, reason: str, *, at: datetime) -> None:
    """Leave the broker alone until its owner has signed in again, and tell him once.

    No order leaves through the connection until he has armed it again, too.
    """
    reason = reason[:REASON_CHARACTERS]
    disarm(connection, because=f"It has to be signed in to again: {reason}", at=at)
    own = Connection.objects.filter(id=connection.id)
    if not own.filter(sign_in_needed_since=None).update(
        sign_in_needed_since=at, sign_in_reason=reason
    ):
        own.update(sign_in_reason=reason)
        return
    tell_stopped(connection, SignInNeeded, reason=reason, at=at)
