"""Who may open a socket: a signed-in browser, or a program's key in a header."""

from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.utils import timezone

from accounts import auth
from accounts.auth import Caller, authenticate_socket
from accounts.models import ApiKey, TokenFamily, User
from accounts.refresh_tokens import revoke, start_family
from accounts.socket_access import SocketHolder, shut_out
from tests.api.clients import key_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice() -> User:
    auth.memory.forget()
    return User.objects.create_user("alice@example.com", tier="premium")


def caller_of(scope: dict[str, Any]) -> Caller | None:
    return async_to_sync(authenticate_socket)(scope)


def test_a_signed_in_browser_reads_and_trades(alice: User) -> None:
    caller = caller_of({"user": alice, "headers": []})
    assert caller is not None
    assert caller.user == alice
    assert caller.scopes == frozenset({"read", "trade"})
    assert caller.key_id is None


@pytest.mark.parametrize("name", [b"x-api-key", b"authorization"])
def test_a_key_in_a_header_counts_before_the_session(alice: User, name: bytes) -> None:
    key = key_for(alice, scopes=["read"])
    value = key if name == b"x-api-key" else f"Bearer {key}"
    caller = caller_of({"user": AnonymousUser(), "headers": [(name, value.encode())]})
    assert caller is not None
    assert caller.user == alice
    assert caller.scopes == frozenset({"read"})
    assert caller.key_id == ApiKey.objects.get().id


def test_a_bad_key_is_refused_even_beside_a_session(alice: User) -> None:
    assert caller_of({"user": alice, "headers": [(b"x-api-key", b"hf_live_no")]}) is None


def test_a_key_that_may_not_read_is_refused(alice: User) -> None:
    key = key_for(alice, scopes=["trade"])
    assert caller_of({"headers": [(b"x-api-key", key.encode())]}) is None


def test_nobody_is_refused() -> None:
    assert caller_of({"headers": []}) is None
    assert caller_of({"user": AnonymousUser(), "headers": []}) is None


def test_an_access_token_opens_a_socket_until_its_sign_in_ends(alice: User) -> None:
    pair = start_family(owner=alice, started_at=timezone.now())
    bearer = (b"authorization", f"Bearer {pair.access_token}".encode())
    caller = caller_of({"headers": [bearer]})
    assert caller is not None
    assert caller.user == alice
    assert caller.key_id is not None
    holder = SocketHolder.of_caller(caller)
    assert shut_out([holder], at=timezone.now()) == set()
    revoke(text=pair.refresh_token, revoked_at=timezone.now())
    assert shut_out([holder], at=timezone.now()) == {holder}
    auth.memory.forget()
    assert caller_of({"headers": [bearer]}) is None


def test_looking_at_many_sockets_costs_four_queries(
    alice: User, django_assert_num_queries: Any
) -> None:
    holders = []
    for _ in range(3):
        key_for(alice)
        browser = Client()
        browser.force_login(alice)
        pair = start_family(owner=alice, started_at=timezone.now())
        holders.append(SocketHolder(alice.id, session_key=browser.session.session_key))
        holders.append(SocketHolder(alice.id, key_id=TokenFamily.objects.latest("created_at").id))
        assert pair.access_token
    holders += [SocketHolder(alice.id, key_id=key.id) for key in ApiKey.objects.all()]
    holders.append(SocketHolder(uuid4()))
    with django_assert_num_queries(4):
        assert shut_out(holders, at=timezone.now()) == {holders[-1]}
