"""The stream of events: all of them, in order, at least once, and bounded."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from django.conf import settings as desk_settings
from django.db import connection
from pytest_django import Settings

from accounts.api_keys import issue_key
from accounts.models import User
from config.limits import LIMITS
from integrations import event_stream
from integrations.models import OutboxEvent
from market.live import live_quotes
from tests.factories import make_user

NOW = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def valkey_is_there() -> None:
    live_quotes.rest.end()


@pytest.fixture
def alice(db: None) -> User:
    return make_user()


def put(owner: User, count: int) -> list[str]:
    for number in range(count):
        issue_key(owner=owner, name=f"bot {number}", scopes=["read"], created_at=NOW)
    return [
        str(event_id)
        for event_id in OutboxEvent.objects.order_by("id").values_list("id", flat=True)
    ]


def entries() -> list[dict[str, Any]]:
    with redis.Redis.from_url(desk_settings.REDIS_URL, decode_responses=True) as client:
        found: Any = client.xrange(event_stream.stream_name())
        return [fields for _, fields in found]


def test_events_stand_in_the_stream_once_and_in_order(alice: User) -> None:
    ids = put(alice, 3)
    assert event_stream.publish_due(at=NOW) == 3
    assert event_stream.publish_due(at=NOW) == 0
    found = entries()
    assert [entry["id"] for entry in found] == ids
    event = OutboxEvent.objects.get(id=ids[0])
    assert found[0] == {
        "id": ids[0],
        "type": "api_key.created",
        "owner_id": str(alice.id),
        "timestamp": "2026-03-04T17:00:00Z",
        "data": found[0]["data"],
    }
    assert json.loads(found[0]["data"]) == event.data


def test_who_dies_before_marking_leaves_a_repeat_with_the_same_id(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = put(alice, 2)

    def die(events: list[OutboxEvent], *, at: datetime) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(event_stream, "mark", die)
        with pytest.raises(KeyboardInterrupt):
            event_stream.publish_due(at=NOW)
    assert event_stream.publish_due(at=NOW) == 2
    assert [entry["id"] for entry in entries()] == ids + ids


def test_events_wait_while_valkey_is_away(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    put(alice, 2)

    def be_away(events: list[OutboxEvent]) -> None:
        raise redis.ConnectionError("away")

    with monkeypatch.context() as patch:
        patch.setattr(event_stream, "add", be_away)
        assert event_stream.publish_due(at=NOW) == 0
    assert event_stream.publish_due(at=NOW) == 0  # it is left alone for a moment
    live_quotes.rest.end()
    assert event_stream.publish_due(at=NOW) == 2


@pytest.mark.parametrize("count", [10, 11])
def test_the_stream_keeps_about_as_many_as_the_limit(
    alice: User, settings: Settings, count: int
) -> None:
    """About: Valkey drops whole nodes, of a hundred entries each."""
    settings.LIMITS = replace(LIMITS, event_stream_entries=10)
    put(alice, count)
    event_stream.publish_due(at=NOW)
    assert 10 <= len(entries()) <= 110


@pytest.mark.django_db(transaction=True)
def test_two_relays_do_not_write_at_once() -> None:
    put(make_user(), 1)
    inside, go = threading.Event(), threading.Event()

    def hold() -> None:
        with event_stream.writing_alone() as is_alone:
            assert is_alone
            inside.set()
            go.wait(20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(20)
    assert event_stream.publish_due(at=NOW) == 0
    go.set()
    thread.join()
    assert event_stream.publish_due(at=NOW) == 1
