"""Liveness and readiness: strangers learn one word, staff which part."""

import pytest
import redis
from django.db import OperationalError
from django.test import Client

from accounts.tasks import record_heartbeat
from config import health
from market.live.live_quotes import prefixed, valkey
from tests.api.clients import ApiClient

READY = "/health/ready"


@pytest.fixture
def beating(db: None) -> None:
    """Worker, matcher and feed live."""
    record_heartbeat()
    for name in health.heartbeat_keys():
        valkey().set(prefixed(name), "2026-01-01T00:00:00Z", ex=30)


def test_a_living_process_says_so_without_the_database(anonymous: Client) -> None:
    response = anonymous.get("/api/v1/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})


def test_all_parts_working_is_ready(anonymous: Client, beating: None) -> None:
    response = anonymous.get("/api/v1/health/ready")
    assert (response.status_code, response.json()) == (200, {"status": "ready"})


@pytest.mark.parametrize(("number", "part"), [(0, "worker"), (1, "matcher"), (2, "feed")])
def test_a_part_that_stopped_beating_is_named_to_staff_only(
    admin_api: ApiClient, api: ApiClient, beating: None, number: int, part: str
) -> None:
    valkey().delete(prefixed(health.heartbeat_keys()[number]))
    stranger = Client().get("/api/v1/health/ready")
    assert (stranger.status_code, stranger.json()) == (503, {"status": "not_ready"})
    assert api.get(READY).json() == {"status": "not_ready"}
    parts = admin_api.get(READY).json()["parts"]
    assert [name for name, works in parts.items() if not works] == [part]


def test_without_valkey_it_is_not_ready(
    admin_api: ApiClient, beating: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = redis.Redis(unix_socket_path="/nowhere/valkey.sock")
    monkeypatch.setattr(health, "valkey", lambda: away)
    response = admin_api.get(READY)
    assert response.status_code == 503
    assert response.json()["parts"]["valkey"] is False
    assert response.json()["parts"]["database"] is True


def test_without_the_database_it_is_not_ready(
    admin_api: ApiClient, beating: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError

    monkeypatch.setattr(health, "database_answers", lambda: False)
    monkeypatch.setattr(health, "caller_of_key", refuse)
    response = admin_api.get(READY)
    assert (response.status_code, response.json()) == (503, {"status": "not_ready"})
