"""Who opens a socket is found before it is served, and nothing of the search stays on its way."""

import subprocess
import sys
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from accounts.models import User
from config.middleware.socket_session import SocketSession
from tests.factories import make_user

# Requests come from two threads at once, and one of them begins.
LISTENING = """
import threading
from django.core.signals import request_started
import config.asgi
from market.live import live_quotes
begun = []
live_quotes.keep_listening = lambda: begun.append(1)
assert not [one for one in threading.enumerate() if one.name == "quotes"]
requests = [threading.Thread(target=request_started.send, args=(None,)) for _ in range(8)]
for request in requests: request.start()
for request in requests: request.join()
print("begun", len(begun))
"""


def serve(headers: list[tuple[bytes, bytes]]) -> tuple[dict[str, Any], bool]:
    """The scope an application gets, and whether it talks to the server with nothing between."""
    found: list[tuple[dict[str, Any], Any]] = []

    async def send(_message: object) -> None:
        raise AssertionError("nothing is said")

    async def application(scope: Any, _receive: Any, to_client: Any) -> None:
        found.append((scope, to_client))

    scope = {"type": "websocket", "path": "/ws/v1/quotes", "headers": headers}
    async_to_sync(SocketSession(application))(scope, None, send)
    [(seen, to_client)] = found
    assert "user" not in scope, "the server's own scope stays as it is"
    return seen, to_client is send


def session_of(user: User) -> str:
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


@pytest.mark.django_db(transaction=True)
def test_a_cookie_names_the_user() -> None:
    alice = make_user()
    key = session_of(alice)
    cookie = f"{settings.SESSION_COOKIE_NAME}={key}".encode()
    scope, is_direct = serve([(b"cookie", cookie)])
    assert scope["user"].id == alice.id
    assert scope["session"].session_key == key
    assert is_direct


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("headers", [[], [(b"cookie", b"sessionid=nobodys")]])
def test_without_one_it_is_nobody(headers: list[tuple[bytes, bytes]]) -> None:
    scope, _ = serve(headers)
    assert not scope["user"].is_authenticated


def test_a_process_hears_prices_from_its_first_request_on_and_once() -> None:
    words = [sys.executable, "-c", LISTENING]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "begun 1\n", done.stderr[-2000:]
