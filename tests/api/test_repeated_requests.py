"""The same Idempotency-Key twice, changed, at once, and after a failure."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import api_keys
from accounts.idempotency import forget_answers
from accounts.models import ApiKey, IdempotentAnswer, User
from tests.api.clients import Answer, ApiClient, key_for

BODY = {"name": "report", "scopes": ["read"]}


def test_a_changed_body_is_refused(api: ApiClient) -> None:
    assert api.post("/api-keys", BODY, key="once").status_code == 201
    changed = api.post("/api-keys", BODY | {"name": "other"}, key="once")
    assert changed.status_code == 422
    assert changed.json()["code"] == "idempotency_key_reused"
    assert ApiKey.objects.count() == 2


@pytest.mark.parametrize("key", ["x" * 256, "with space", "ümlaut"])
def test_a_malformed_key_is_refused(api: ApiClient, key: str) -> None:
    assert api.post("/api-keys", BODY, key=key).status_code == 400


def test_two_people_may_use_the_same_key(api: ApiClient, stranger_api: ApiClient) -> None:
    first = api.post("/api-keys", BODY, key="once")
    other = stranger_api.post("/api-keys", BODY, key="once")
    assert other.status_code == 201
    assert other.content != first.content


def test_a_failure_is_not_kept(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(api_keys, "issue_key", fail)
        assert api.post("/api-keys", BODY, key="once").status_code == 500
    assert not IdempotentAnswer.objects.exists()
    assert api.post("/api-keys", BODY, key="once").status_code == 201


def fail(**_: object) -> None:
    raise RuntimeError


def test_after_a_week_the_key_is_free_again(api: ApiClient) -> None:
    first = api.post("/api-keys", BODY, key="once")
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(days=7, seconds=1))
    again = api.post("/api-keys", BODY | {"name": "other"}, key="once")
    assert again.status_code == 201
    assert again.content != first.content
    assert IdempotentAnswer.objects.count() == 1


def test_old_answers_are_forgotten(api: ApiClient) -> None:
    api.post("/api-keys", BODY, key="old")
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(days=8))
    api.post("/api-keys", BODY, key="new")
    assert forget_answers(now=timezone.now()) == 1
    assert IdempotentAnswer.objects.get().key == "new"


@pytest.fixture
def committed_api(transactional_db: None) -> ApiClient:
    return ApiClient(key_for(User.objects.create_user("alice@example.com", tier="premium")))


def send_together(client: ApiClient, requests: list[dict[str, Any]]) -> list[Answer]:
    gate = threading.Barrier(len(requests))

    def send(body: dict[str, Any]) -> Answer:
        try:
            gate.wait()
            return ApiClient(client.key).post("/api-keys", body, key="once")
        finally:
            connection.close()

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, requests))


def test_at_once_there_is_one_effect(committed_api: ApiClient) -> None:
    answers = send_together(committed_api, [BODY] * 8)
    assert ApiKey.objects.filter(name="report").count() == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in done}) == 1
    assert sum("Idempotent-Replayed" not in answer for answer in done) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "still_running"
            assert int(answer["Retry-After"]) > 0


def test_while_the_first_runs_the_second_is_told_to_wait(
    committed_api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, released = threading.Event(), threading.Event()
    issue_key = api_keys.issue_key

    def slow(**kwargs: Any) -> Any:
        entered.set()
        assert released.wait(timeout=10)
        return issue_key(**kwargs)

    monkeypatch.setattr(api_keys, "issue_key", slow)

    def first() -> Answer:
        try:
            return ApiClient(committed_api.key).post("/api-keys", BODY, key="once")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(first)
        assert entered.wait(timeout=10)
        started = time.monotonic()
        second = committed_api.post("/api-keys", BODY, key="once")
        assert time.monotonic() - started < 5
        released.set()
        answered = running.result(timeout=10)
    assert second.status_code == 409
    assert answered.status_code == 201
    assert committed_api.post("/api-keys", BODY, key="once").content == answered.content
