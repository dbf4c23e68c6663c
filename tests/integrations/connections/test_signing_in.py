"""Credentials: refused, expired, locked, of another account, and nowhere to be read."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEvent
from integrations import outbox
from integrations.connections import own_connections, syncing
from integrations.connections.errors import ConnectionRefused
from integrations.connections.own_connections import ConnectionChange
from integrations.models import (
    Connection,
    Notification,
    OutboxEvent,
)
from market.live.live_quotes import valkey
from tests.factories import make_portfolio, make_user
from tests.integrations.connections.desk import Desk

SECRET = "alpaca-secret"


def test_a_session_that_broke_needs_its_owner_and_goes_on_after(desk: Desk) -> None:
    connection = desk.connect()
    desk.vendor.is_expired = True
    failed = desk.sync(connection)
    assert (failed.status, failed.error_code) == ("failed", "broker_sign_in_needed")
    connection.refresh_from_db()
    assert connection.state == "sign_in_needed"
    assert syncing.request_due(at=timezone.now() + timedelta(days=1)) == 0
    desk.vendor.is_expired = False
    change = ConnectionChange(credentials=dict(desk.vendor.credentials))
    own_connections.change_connection(
        owner=desk.owner, connection_id=connection.id, change=change, changed_at=timezone.now()
    )
    connection.refresh_from_db()
    assert desk.sync(connection).rows_booked == 4
    connection.refresh_from_db()
    assert connection.state == "connected"


def test_a_broken_session_is_told_once_until_it_was_mended(desk: Desk) -> None:
    connection = desk.connect()
    desk.vendor.is_expired = True
    for _ in range(2):
        assert desk.sync(connection).error_code == "broker_sign_in_needed"
    (event,) = OutboxEvent.objects.filter(kind="connection.sign_in_needed")
    assert (event.owner_id, event.data["connection_id"]) == (desk.owner.id, str(connection.id))
    assert outbox.relay_due(at=timezone.now())
    notice = Notification.objects.get(owner=desk.owner, kind="connection.sign_in_needed")
    assert notice.path == f"/connections/{connection.id}"
    desk.vendor.is_expired = False
    own_connections.change_connection(
        owner=desk.owner,
        connection_id=connection.id,
        change=ConnectionChange(credentials=desk.vendor.credentials),
        changed_at=timezone.now(),
    )
    assert desk.sync(connection).status == "completed"
    desk.vendor.is_expired = True
    desk.sync(connection)
    assert OutboxEvent.objects.filter(kind="connection.sign_in_needed").count() == 2


def test_credentials_of_another_account_are_refused(desk: Desk) -> None:
    connection = desk.connect()
    desk.sync(connection)
    Connection.objects.filter(id=connection.id).update(account_id="another")
    sync = desk.sync(connection)
    assert "another account" in sync.error
    assert sync.status == "failed"


def test_what_is_wrong_with_a_connection_is_said_at_its_field(
    desk: Desk, settings: Settings
) -> None:
    bob = make_user("bob@example.com")
    for changes, field in (
        ({"broker": "nobody"}, "broker"),
        ({"credentials": {}}, "credentials.api_key"),
        ({"credentials": {**desk.vendor.credentials, "more": "x"}}, "credentials.more"),
        ({"name": "x" * 81}, "name"),
        ({"portfolio_id": make_portfolio(bob).id}, "portfolio_id"),
    ):
        with pytest.raises(ConnectionRefused) as caught:
            desk.connect(**changes)
        assert field in {one.field for one in caught.value.problems}
        assert SECRET not in str(caught.value)
    settings.LIMITS = replace(settings.LIMITS, connections_per_user=1)
    desk.connect()
    with pytest.raises(ConnectionRefused, match="may have 1"):
        desk.connect()


def test_a_master_password_is_asked_for_once_in_a_while(desk: Desk) -> None:
    connection = desk.connect(master_password="moon")
    assert desk.sync(connection).error_code == "credential_locked"
    own_connections.unlock(
        owner=desk.owner,
        connection_id=connection.id,
        master_password="moon",
        unlocked_at=timezone.now(),
    )
    assert desk.sync(connection).rows_booked == 4


def test_credentials_are_nowhere_to_be_read(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    connection = desk.connect()
    desk.sync(connection)
    desk.vendor.is_expired = True
    desk.sync(connection)
    session = syncing.sign_in(Connection.objects.get(id=connection.id))
    shown = f"{session!r}"
    try:
        session.account()
    except Exception as error:  # noqa: BLE001 -- whatever it is, it must tell nothing
        shown += "".join(traceback.format_exception(error))
    seen = b"\n".join([shown.encode(), caplog.text.encode(), *dumped_tables(), *kept_in_valkey()])
    assert SECRET.encode() not in seen
    assert SECRET.encode().hex().encode() not in seen
    assert AuditEvent.objects.filter(action="connection.added").count() == 1


def dumped_tables() -> Iterator[bytes]:
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            with cursor.copy(f'COPY (SELECT * FROM "{table}") TO STDOUT') as rows:
                yield from (bytes(row) for row in rows)


def kept_in_valkey() -> Iterator[bytes]:
    for name in valkey().keys("*"):
        yield bytes(valkey().dump(name) or b"")
