"""What goes with a connection and what stays."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from integrations.connections import deleting
from integrations.connections.errors import ConnectionBusy
from integrations.models import (
    Connection,
    Credential,
    Sync,
)
from tests.integrations.connections.desk import Desk, cash_of, units_of


def test_deleting_takes_back_only_what_it_booked_itself(desk: Desk) -> None:
    for with_activities in (False, True):
        connection = desk.connect()
        desk.sync(connection)
        deleting.delete_connection(
            owner=desk.owner,
            connection_id=connection.id,
            with_activities=with_activities,
            deleted_at=timezone.now(),
        )
        # The second found what the first had booked, and booked nothing itself.
        assert units_of(desk.portfolio) == {"AAPL": Decimal(6)}
    assert not Connection.objects.exists()
    assert not Credential.objects.exists()


def test_deleting_with_activities_empties_the_books(desk: Desk, settings: Settings) -> None:
    connection = desk.connect()
    desk.sync(connection)
    settings.LIMITS = replace(settings.LIMITS, import_rows_at_once=2)
    delete: dict[str, Any] = {
        "owner": desk.owner,
        "connection_id": connection.id,
        "with_activities": True,
    }
    deleting.delete_connection(**delete, deleted_at=timezone.now())
    assert not Connection.objects.for_user(desk.owner).exists()
    deleting.finish_deleting(connection.id, at=timezone.now())
    deleting.finish_deleting(connection.id, at=timezone.now())
    assert not Connection.objects.exists()
    assert cash_of(desk.portfolio) == 0
    assert {units for units in units_of(desk.portfolio).values() if units} == set()


def test_deleting_waits_for_a_running_sync(desk: Desk) -> None:
    connection = desk.connect()
    now = timezone.now()
    Sync.objects.create(connection=connection, status="running", requested_at=now, seen_at=now)
    with pytest.raises(ConnectionBusy):
        deleting.delete_connection(
            owner=desk.owner, connection_id=connection.id, with_activities=False, deleted_at=now
        )
