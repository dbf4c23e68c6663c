"""A session that a sync opens is kept for whoever goes on with it, and for nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from integrations.brokers.rehearsing import Told
from integrations.connections import own_connections, syncing
from integrations.connections.own_connections import ConnectionChange
from integrations.models import Credential, Sync
from integrations.vault.broker_sessions import KeptSession
from market.live.live_quotes import prefixed, valkey
from tests.factories import make_instrument
from tests.integrations.connections.desk import Desk, desk_with


@pytest.fixture
def cookie_desk(alice: User) -> Iterator[Desk]:
    """At a broker that is signed in to for a session, and says it is busy when asked for trades."""

    def busy(asked: Any, answer: Any) -> Told | None:
        return Told(429, {}, {"Retry-After": "900"}) if "transactions" in asked.path else None

    make_instrument("AAPL")
    with desk_with(alice, "degiro") as made:
        made.vendor.faults.append(busy)
        yield made


def go_on(desk: Desk, sync: Sync) -> Sync:
    """Once the broker is well again, as the clock does."""
    desk.vendor.faults.clear()
    valkey().delete(prefixed(f"brokers:pace:{sync.connection_id.hex}"))
    syncing.run_sync(sync.id, clock=lambda: timezone.now() + timedelta(minutes=16))
    return Sync.objects.get(id=sync.id)


def sign_ins(desk: Desk) -> int:
    return sum(one.path.startswith("/login") for one in desk.vendor.asked)


def test_what_waited_goes_on_in_the_session_that_was_open(cookie_desk: Desk) -> None:
    connection = cookie_desk.connect()
    sync = cookie_desk.sync(connection)
    assert (sync.status, sign_ins(cookie_desk)) == ("queued", 1)
    assert go_on(cookie_desk, sync).status == "completed"
    assert sign_ins(cookie_desk) == 1
    place = prefixed(f"vault:session:{Credential.objects.get().id.hex}")
    kept = valkey().get(place)
    assert isinstance(kept, bytes)
    assert b"prod_b" not in kept
    assert 3500 < valkey().ttl(place) <= settings.LIMITS.broker_session_seconds


def test_a_kept_session_that_has_ended_is_opened_anew(cookie_desk: Desk) -> None:
    sync = cookie_desk.sync(cookie_desk.connect())
    cookie_desk.vendor.is_expired = True
    assert go_on(cookie_desk, sync).status == "completed"
    assert sign_ins(cookie_desk) == 2


def test_a_session_is_kept_no_longer_than_its_credentials(cookie_desk: Desk) -> None:
    connection = cookie_desk.connect()
    cookie_desk.sync(connection)
    kept = KeptSession(Credential.objects.get())
    assert kept.read()
    change = ConnectionChange(credentials=dict(cookie_desk.vendor.credentials))
    own_connections.change_connection(
        owner=cookie_desk.owner,
        connection_id=connection.id,
        change=change,
        changed_at=timezone.now(),
    )
    anew = KeptSession(Credential.objects.get())
    assert anew.read() == ""
    valkey().set(prefixed(f"vault:session:{anew.credential.id.hex}"), b"spoilt" * 10)
    assert anew.read() == ""
