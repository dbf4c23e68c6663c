"""Events: what they hold, who stands in them, and that nobody changes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync
from celery import Celery
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from accounts import audit, auth
from accounts.audit import Origin, Via
from accounts.auth import Caller, authenticate_socket
from accounts.models import ApiKey, AuditEvent, User
from config.middleware.audit_origin import (
    AuditOriginMiddleware,
    SocketAuditOrigin,
    origin_of_request,
)
from tests.api.clients import key_for
from tests.factories import make_user

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
KEY_ID = UUID("018f0000-0000-7000-8000-000000000001")


def record(**facts: Any) -> AuditEvent:
    given = {
        "action": "thing.made",
        "owner_id": None,
        "target": "thing",
        "target_id": "1",
        "occurred_at": NOON,
    }
    audit.record(**given | facts)
    return AuditEvent.objects.latest("id")


@pytest.fixture
def alice(db: None) -> User:
    return make_user()


def test_it_keeps_what_changed_exactly(alice: User) -> None:
    event = record(
        owner_id=alice.id,
        before={"limit": Decimal("0.10"), "at": None},
        after={"limit": Decimal("1E+3"), "at": NOON, "ids": [KEY_ID], "scopes": {"b", "a"}},
    )
    event.refresh_from_db()
    assert event.before == {"limit": "0.10", "at": None}
    assert event.after == {
        "limit": "1000",
        "at": "2026-01-05T12:00:00+00:00",
        "ids": [str(KEY_ID)],
        "scopes": ["a", "b"],
    }
    assert list(AuditEvent.objects.filter(owner=alice)) == [event]


@pytest.mark.parametrize("name", ["password", "secret_hash", "new_password", "OTP", "totp_seed"])
def test_it_refuses_secrets(db: None, name: str) -> None:
    with pytest.raises(ValueError, match="may not be recorded"):
        record(after={name: "x"})


def test_it_refuses_what_has_no_plain_form(db: None) -> None:
    with pytest.raises(TypeError, match="no plain form"):
        record(after={"weight": 0.1})


@pytest.mark.django_db(transaction=True)
def test_it_refuses_to_write_outside_of_a_transaction() -> None:
    with pytest.raises(audit.NotInTransaction):
        record()


@pytest.mark.django_db(transaction=True)
def test_it_is_undone_with_what_it_tells_of() -> None:
    def record_and_fail() -> None:
        with transaction.atomic():
            record()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record_and_fail()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "change", ["UPDATE {} SET action = 'other'", "DELETE FROM {}", "TRUNCATE {}"]
)
@pytest.mark.parametrize(
    ("first", "refusal"),
    [
        ("SELECT 1", "permission denied"),
        # Whoever gives himself the right meets the trigger.
        ("GRANT UPDATE, DELETE, TRUNCATE ON {} TO CURRENT_USER", "append-only"),
    ],
)
def test_the_database_refuses_to_change_events(
    db: None, change: str, first: str, refusal: str
) -> None:
    record()
    table = AuditEvent._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(first.format(table))
        with pytest.raises(DatabaseError, match=refusal):
            cursor.execute(change.format(table))


def test_events_outlive_their_user(alice: User) -> None:
    event = record(owner_id=alice.id, actor_id=alice.id)
    owner_id = alice.id
    alice.delete()
    event.refresh_from_db()
    assert (event.owner_id, event.actor_id) == (owner_id, owner_id)


def test_a_command_is_the_origin_unless_something_else_is_said(db: None) -> None:
    event = record()
    assert (event.via, event.actor_id, event.address, event.request_id) == ("command", None, "", "")


def test_the_origin_of_a_block_ends_with_it(alice: User) -> None:
    with audit.acting(Origin(Via.SOCKET, alice.id, KEY_ID, "192.0.2.1", "a-request")):
        event = record()
    assert (event.via, event.actor_id, event.actor_key_id) == ("socket", alice.id, KEY_ID)
    assert (event.address, event.request_id) == ("192.0.2.1", "a-request")
    assert audit.current_origin() == audit.COMMAND


def answer_with(check: Callable[[], None]) -> Callable[[HttpRequest], HttpResponse]:
    def answer(request: HttpRequest) -> HttpResponse:
        check()
        return HttpResponse()

    return answer


def test_a_request_is_the_origin_until_it_is_answered(rf: RequestFactory, alice: User) -> None:
    request = rf.get("/settings", REMOTE_ADDR="192.0.2.7")
    request.request_id = "named-by-us"  # type: ignore[attr-defined]
    seen: list[Origin] = []

    def sign_in_half_way() -> None:
        seen.append(audit.current_origin())
        request.user = alice
        seen.append(audit.current_origin())

    AuditOriginMiddleware(answer_with(sign_in_half_way))(request)
    assert seen == [
        Origin(Via.PAGE, None, None, "192.0.2.7", "named-by-us"),
        Origin(Via.PAGE, alice.id, None, "192.0.2.7", "named-by-us"),
    ]
    assert audit.current_origin() == audit.COMMAND


def test_a_failing_request_leaves_no_origin_behind(rf: RequestFactory) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        AuditOriginMiddleware(answer_with(fail))(rf.get("/settings"))
    assert audit.current_origin() == audit.COMMAND


def test_a_cookie_is_nobody_to_the_api(rf: RequestFactory, alice: User) -> None:
    request = rf.get("/api/v1/me")
    request.user = alice
    assert origin_of_request(request).actor_id is None
    caller = Caller(user=alice, scopes=frozenset(), key_id=KEY_ID)
    request.auth = caller  # type: ignore[attr-defined]
    origin = origin_of_request(request)
    assert (origin.via, origin.actor_id, origin.key_id) == (Via.API, alice.id, KEY_ID)


def test_a_socket_is_the_origin_while_it_is_open(alice: User) -> None:
    seen: list[Origin] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(audit.current_origin())

    scope = {"type": "websocket", "headers": [], "client": ["192.0.2.9", 1], "user": alice}
    coroutine = SocketAuditOrigin(application)(scope, None, None)
    with pytest.raises(StopIteration):
        coroutine.send(None)
    assert seen == [Origin(Via.SOCKET, alice.id, None, "192.0.2.9")]


@pytest.mark.django_db(transaction=True)
def test_a_key_that_opens_a_socket_is_the_origin_behind_a_router() -> None:
    auth.memory.forget()
    alice = make_user()
    key = key_for(alice, scopes=["read"])
    seen: list[Origin] = []

    async def consumer(scope: Any, receive: Any, send: Any) -> None:
        seen.append(audit.current_origin())
        await authenticate_socket(scope)
        seen.append(audit.current_origin())

    async def router(scope: Any, receive: Any, send: Any) -> None:
        await consumer({**scope, "url_route": {}}, receive, send)

    headers = [(b"x-api-key", key.encode())]
    scope = {"type": "websocket", "headers": headers, "client": ["192.0.2.9", 1]}
    async_to_sync(SocketAuditOrigin(router))(scope, None, None)
    assert seen == [
        Origin(Via.SOCKET, None, None, "192.0.2.9"),
        Origin(Via.SOCKET, alice.id, ApiKey.objects.get().id, "192.0.2.9"),
    ]


def test_a_task_is_the_origin_while_it_runs(db: None) -> None:
    seen: list[Origin] = []

    @Celery(set_as_current=False).task(name="tests.note_origin", shared=False)  # type: ignore[untyped-decorator]
    def note_origin() -> None:
        seen.append(audit.current_origin())

    result = note_origin.apply()
    assert seen == [Origin(Via.TASK, request_id=result.id)]
    assert audit.current_origin() == audit.COMMAND
