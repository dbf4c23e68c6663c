"""A late request is rolled back and answered 504; one that was committed is answered as done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis
from allauth.core import ratelimit
from django.db import connection, transaction
from django.test import Client

from accounts import api_keys
from accounts.deadlines import Deadline, DeadlinePassed, bounded_by
from accounts.models import ApiKey, IdempotentAnswer, User
from config.postgres import base
from tests.api.clients import ApiClient, key_for
from tests.api.test_failures_are_problems import assert_problem
from tests.held_rows import row_held

BODY = {"name": "report", "scopes": ["read"]}


@pytest.fixture
def anna(transactional_db: None) -> User:
    return User.objects.create_user("anna@example.com", tier="premium", display_name="Anna")


@pytest.fixture
def anna_api(anna: User) -> ApiClient:
    return ApiClient(key_for(anna))


@pytest.fixture
def one_second(settings: Any) -> None:
    settings.LIMITS = replace(settings.LIMITS, request_timeout_seconds=1)


def name_of(user: User) -> str:
    return User.objects.get(id=user.id).display_name


@pytest.mark.urls("tests.api.slow_urls")
@pytest.mark.usefixtures("one_second")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/slow-statement"),
        ("PATCH", "/slow-statement"),
        ("POST", "/late-commit"),
        ("PATCH", "/late-commit"),
        ("POST", "/slow-commit"),
    ],
)
@pytest.mark.parametrize("key", [None, "once"])
def test_what_is_late_is_undone_and_answered_504(
    anna: User, anna_api: ApiClient, method: str, path: str, key: str | None
) -> None:
    assert_problem(anna_api.send(method, path, {}, key=key), 504, "gateway_timeout")
    assert name_of(anna) == "Anna"
    assert not IdempotentAnswer.objects.exists()


@pytest.mark.urls("tests.api.slow_urls")
def test_what_was_committed_is_answered_as_done(anna: User, anna_api: ApiClient) -> None:
    answer = anna_api.post("/late-answer", {})
    assert answer.status_code == 200
    assert answer.json() == name_of(anna) == "renamed"


@pytest.mark.urls("tests.api.slow_urls")
@pytest.mark.usefixtures("one_second")
def test_waiting_for_a_lock_counts(anna: User, anna_api: ApiClient) -> None:
    with row_held(anna):
        assert_problem(anna_api.post("/late-commit", {}), 504, "gateway_timeout")
    assert name_of(anna) == "Anna"


@pytest.mark.urls("tests.api.slow_urls")
def test_what_waits_too_long_for_a_lock_may_come_again(anna: User, anna_api: ApiClient) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    try:
        with row_held(anna):
            answer = anna_api.post("/late-commit", {})
    finally:
        connection.close()
    assert_problem(answer, 503, "busy")
    assert int(answer["Retry-After"]) > 0


@pytest.mark.urls("tests.api.slow_urls")
@pytest.mark.usefixtures("transactional_db")
def test_a_request_leaves_the_limit_of_the_process_behind() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        before = cursor.fetchone()
    assert Client().get("/api/v1/timeouts").json() == ["10s"]
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == before != ("10s",)


@pytest.fixture
def web_process(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[None]:
    connection.close()
    monkeypatch.setattr(base.WebProcess, "is_this", True)
    yield
    connection.close()


@pytest.mark.usefixtures("web_process")
def test_a_web_process_opens_connections_with_the_limits_of_a_request() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')"
        )
        assert cursor.fetchone() == ("10s", "5s")


@pytest.mark.usefixtures("web_process")
def test_a_request_that_has_its_time_sends_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    sent: list[int] = []
    bind = base.DatabaseWrapper.bind

    def note(self: base.DatabaseWrapper, timeout_ms: int) -> None:
        sent.append(timeout_ms)
        bind(self, timeout_ms)

    User.objects.count()
    with bounded_by(Deadline(10.0, clock=lambda: now[0])):
        User.objects.count()  # of each connection, the first one looks
    monkeypatch.setattr(base.DatabaseWrapper, "bind", note)
    with bounded_by(Deadline(10.0, clock=lambda: now[0])):
        User.objects.count()
        assert sent == []
        now[0] = 4.0
        with transaction.atomic():
            User.objects.count()
            assert sent == [6_000]
            transaction.set_rollback(True)
        User.objects.count()
        assert sent == [6_000, 6_000]  # the rollback took the first back
        now[0] = 10.0
        with pytest.raises(DeadlinePassed):
            User.objects.count()
    User.objects.count()
    assert sent[2:] == [10_000]


def test_without_valkey_signing_in_is_503(
    anonymous: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise redis.ConnectionError("nobody listens at 10.0.0.7")

    monkeypatch.setattr(ratelimit, "consume", refuse)
    monkeypatch.setattr("django.core.cache.backends.redis.RedisCacheClient.get", refuse)
    answer = anonymous.post(
        "/api/v1/auth/token",
        {"email": "a@example.com", "password": "wrong-password"},
        content_type="application/json",
    )
    assert_problem(answer, 503, "service_unavailable")
    assert int(answer["Retry-After"]) > 0
    assert "10.0.0.7" not in answer.content.decode()


def test_a_crash_of_valkey_within_an_endpoint_is_503_and_undoes(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue_key = api_keys.issue_key

    def issue_and_fail(**facts: Any) -> None:
        issue_key(**facts)
        raise redis.TimeoutError

    monkeypatch.setattr(api_keys, "issue_key", issue_and_fail)
    assert_problem(api.post("/api-keys", BODY), 503, "service_unavailable")
    assert ApiKey.objects.count() == 1
