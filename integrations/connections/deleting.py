"""Deleting a connection, with or without what it booked."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.models import User
from integrations.connections.audited import facts_of, target
from integrations.connections.own_connections import locked, refuse_busy
from integrations.live_orders.leaving import leave_orders_of
from integrations.models import Connection, Credential
from integrations.models.connections import BrokerRowStatus
from integrations.vault.broker_sessions import KeptSession
from portfolio.models import JournalEntry
from portfolio.recording.reversals import reverse_entries


@transaction.atomic
def delete_connection(
    *, owner: User, connection_id: UUID, with_activities: bool, deleted_at: datetime
) -> None:
    """Forget a connection, its credentials and what was read; what it booked stays, or is reversed.

    Many activities are reversed by a worker; the connection is out of sight meanwhile.

    Raises:
        ConnectionBusy: a sync is under way, or an order is being sent.
        NotFound: the owner has no such connection.
        PortfolioError: the books refuse the reversal; nothing was done.
    """
    connection = locked(owner, connection_id)
    refuse_busy(connection)
    leave_orders_of(connection, at=deleted_at)
    for credential in Credential.objects.filter(connection_id=connection.id):
        transaction.on_commit(KeptSession(credential).forget, robust=True)
        credential.delete()
    audit.record(
        action="connection.deleted",
        **target(connection),
        before=facts_of(connection),
        after={"with_activities": with_activities},
        occurred_at=deleted_at,
    )
    entry_ids = standing_entries(connection) if with_activities else []
    if len(entry_ids) > settings.LIMITS.import_rows_at_once:
        connection.deleting_since = deleted_at
        connection.save(update_fields=["deleting_since"])
        transaction.on_commit(partial(_request, connection.id), robust=True)
        return
    _remove(connection, entry_ids, at=deleted_at)


@transaction.atomic
def finish_deleting(connection_id: UUID, *, at: datetime) -> None:
    """Do what ``delete_connection`` left to a worker; harmless where it is done."""
    rows = Connection.objects.select_for_update().exclude(deleting_since=None)
    if connection := rows.filter(id=connection_id).first():
        _remove(connection, standing_entries(connection), at=at)


def standing_entries(connection: Connection) -> list[UUID]:
    """What it booked and nobody has reversed since."""
    booked = connection.rows.filter(status=BrokerRowStatus.BOOKED).values("entry_id")
    standing = JournalEntry.objects.filter(id__in=booked, reversed_by=None)
    return list(standing.order_by("id").values_list("id", flat=True))


def _remove(connection: Connection, entry_ids: list[UUID], *, at: datetime) -> None:
    if entry_ids:
        reverse_entries(portfolio=connection.portfolio, entry_ids=entry_ids, reversed_at=at)
    connection.delete()


def _request(connection_id: UUID) -> None:
    from integrations.tasks import finish_deleting as task  # noqa: PLC0415 - tasks import us

    task.delay(connection_id=str(connection_id))
