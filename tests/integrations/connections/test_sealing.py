"""A server that keeps keys is asked before a transaction begins, whichever way a secret comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.api_keys import issue_key
from accounts.models import IdempotentAnswer
from integrations import http
from integrations.models import Connection
from tests.integrations.connections.desk import Desk
from tests.integrations.vault.fake_key_servers import TOKEN, FakeKeyServer, running

JSON = "application/json"


@pytest.fixture
def keeper(settings: Settings) -> Iterator[FakeKeyServer]:
    with running(FakeKeyServer()) as server:
        settings.VAULT_KEY_PROVIDER = "vault-transit"
        settings.VAULT_TRANSIT_URL = server.url
        settings.VAULT_TRANSIT_TOKEN = TOKEN
        settings.VAULT_TRANSIT_KEY = "holdfast"
        yield server


@pytest.fixture
def depths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many transactions of ours were open at each question, beyond the test's own."""
    found: list[int] = []
    own, send = len(database.atomic_blocks), http.send

    def noting(*args: Any, **more: Any) -> http.Answer:
        found.append(len(database.atomic_blocks) - own)
        return send(*args, **more)

    monkeypatch.setattr(http, "send", noting)
    return found


@pytest.fixture
def program(desk: Desk) -> Client:
    _, text = issue_key(
        owner=desk.owner, name="test", scopes=["read", "trade"], created_at=timezone.now()
    )
    return Client(headers={"Authorization": f"Bearer {text}"})


def body(desk: Desk, **more: Any) -> str:
    return json.dumps(
        {
            "broker": "alpaca",
            "portfolio_id": str(desk.portfolio.id),
            "credentials": dict(desk.vendor.credentials),
        }
        | more
    )


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "once"}], ids=["plain", "with a key"])
def test_a_new_connection_is_sealed_before_its_transaction(
    desk: Desk,
    keeper: FakeKeyServer,
    program: Client,
    depths: list[int],
    headers: dict[str, str],
) -> None:
    answer = program.post("/api/v1/connections", body(desk), JSON, headers=headers)
    assert answer.status_code == 201, answer.content
    assert depths == [0]


def test_new_credentials_are_sealed_before_the_change(
    desk: Desk, keeper: FakeKeyServer, program: Client, depths: list[int]
) -> None:
    connection = desk.connect()
    told = json.dumps({"credentials": dict(desk.vendor.credentials), "name": "Other"})
    answer = program.patch(f"/api/v1/connections/{connection.id}", told, JSON)
    assert (answer.status_code, answer.json()["name"]) == (200, "Other")
    assert depths == [0, 0]


def test_unlocking_asks_before_a_transaction(
    desk: Desk, keeper: FakeKeyServer, program: Client, depths: list[int]
) -> None:
    connection = desk.connect(master_password="moon")
    path = f"/api/v1/connections/{connection.id}/unlocking"
    headers = {"Idempotency-Key": "once"}
    answer = program.post(path, json.dumps({"master_password": "moon"}), JSON, headers=headers)
    assert answer.status_code == 200
    assert depths == [0, 0]


def test_a_repetition_asks_nobody(
    desk: Desk, keeper: FakeKeyServer, program: Client, depths: list[int]
) -> None:
    headers = {"Idempotency-Key": "once"}
    first = program.post("/api/v1/connections", body(desk), JSON, headers=headers)
    again = program.post("/api/v1/connections", body(desk), JSON, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert depths == [0]
    assert Connection.objects.count() == 1
    other = program.post("/api/v1/connections", body(desk, name="Else"), JSON, headers=headers)
    assert other.json()["code"] == "idempotency_key_reused"
    assert depths == [0]


def test_a_keeper_that_is_away_leaves_nothing(
    desk: Desk, keeper: FakeKeyServer, program: Client
) -> None:
    keeper.answers.append((503, {}))
    headers = {"Idempotency-Key": "once"}
    answer = program.post("/api/v1/connections", body(desk), JSON, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "vault_unavailable")
    assert not Connection.objects.exists()
    assert not IdempotentAnswer.objects.exists()
    assert program.post("/api/v1/connections", body(desk), JSON, headers=headers).status_code == 201
