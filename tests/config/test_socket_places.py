"""How many sockets of all kinds a user may have, and a process: over real connections."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Final

import orjson
import pytest
from channels.auth import AuthMiddlewareStack
from django.conf import LazySettings
from django.db import connections
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from accounts.api_keys import issue_key
from accounts.models import User
from config.routing import websocket_application
from tests.factories import make_instrument, make_user
from tests.support.desk import wait_until
from tests.support.socket_server import SocketServer
from tests.trading.factories import make_portfolio
from trading import consumers

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS: Final = 10
QUOTES: Final = "/ws/v1/quotes"
ALPACA: Final = "/alpaca/stream"


@pytest.fixture
def server() -> Iterator[SocketServer]:
    make_instrument("AAPL")
    server = SocketServer(AuthMiddlewareStack(websocket_application))
    server.start()
    yield server
    server.stop()
    connections.close_all()


class Person:
    """Somebody with a portfolio and a key."""

    def __init__(self, server: SocketServer, user: User) -> None:
        self.server = server
        portfolio = make_portfolio(user)
        self.own = f"/ws/v1/portfolios/{portfolio.id}"
        _, self.key = issue_key(
            owner=user,
            name="k",
            scopes=["read"],
            portfolio_ids=[portfolio.id],
            created_at=timezone.now(),
        )

    @contextmanager
    def open(self, path: str) -> Iterator[ClientConnection]:
        headers = {} if path == ALPACA else {"Authorization": f"Bearer {self.key}"}
        with connect(self.server.url(path), additional_headers=headers) as client:
            yield client

    def first_word(self, client: ClientConnection, path: str) -> str | int:
        """What is said at first to what is asked at first; if it closes instead, the code."""
        asked = {
            QUOTES: {"subscribe": ["AAPL"]},
            ALPACA: {"action": "auth", "key": self.key, "secret": self.key},
        }
        try:
            if path in asked:
                client.send(orjson.dumps(asked[path]).decode())
            said = orjson.loads(client.recv(timeout=SECONDS))
            if path != ALPACA:
                return str(said["type"])
            if said["data"]["status"] == "authorized":
                return "authorized"
            client.recv(timeout=SECONDS)
        except ConnectionClosed as error:
            return error.rcvd.code if error.rcvd else 1006
        raise AssertionError(said)

    def knock(self, path: str) -> str | int:
        """Open one, hear its first word, and leave."""
        with self.open(path) as client:
            return self.first_word(client, path)

    def is_let_in(self, path: str) -> bool:
        return isinstance(self.knock(path), str)


@pytest.fixture
def alice(server: SocketServer) -> Person:
    return Person(server, make_user("alice@example.com"))


@pytest.fixture
def bob(server: SocketServer) -> Person:
    return Person(server, make_user("bob@example.com"))


def allow(settings: LazySettings, **limits: int) -> None:
    settings.LIMITS = replace(settings.LIMITS, **limits)


def test_a_user_has_so_many_of_all_kinds_and_another_his_own(
    alice: Person, bob: Person, settings: LazySettings
) -> None:
    allow(settings, sockets_per_user=4)
    with ExitStack() as stack:
        for path, greeting in (
            (alice.own, "hello"),
            (QUOTES, "snapshot"),
            (ALPACA, "authorized"),
            (alice.own, "hello"),
        ):
            client = stack.enter_context(alice.open(path))
            assert alice.first_word(client, path) == greeting
        for path in (alice.own, QUOTES, ALPACA):
            assert alice.knock(path) == 4428
            assert bob.is_let_in(bob.own if path == alice.own else path)


@pytest.mark.parametrize("kind", ["portfolio", "quotes", "alpaca"])
def test_who_leaves_makes_room(alice: Person, settings: LazySettings, kind: str) -> None:
    allow(settings, sockets_per_user=1)
    path = {"portfolio": alice.own, "quotes": QUOTES, "alpaca": ALPACA}[kind]
    with alice.open(path) as client:
        assert isinstance(alice.first_word(client, path), str)
        assert alice.knock(alice.own) == 4428
    wait_until(lambda: alice.is_let_in(alice.own), seconds=SECONDS, what="there is room")


def test_a_socket_that_breaks_at_its_beginning_leaves_no_trace(
    alice: Person, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(settings, sockets_per_user=1)

    def stumble() -> int:
        raise OSError("nobody is there")

    with monkeypatch.context() as patch:
        patch.setattr(consumers, "current_horizon", stumble)
        with pytest.raises((ConnectionClosed, InvalidStatus)):
            alice.knock(alice.own)
    wait_until(lambda: alice.is_let_in(alice.own), seconds=SECONDS, what="there is room")


def test_of_many_at_once_no_more_are_let_in(alice: Person, settings: LazySettings) -> None:
    allow(settings, sockets_per_user=3)
    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:

        def enter(_: int) -> str | int:
            return alice.first_word(stack.enter_context(alice.open(alice.own)), alice.own)

        assert sorted(map(str, pool.map(enter, range(8)))) == ["4428"] * 5 + ["hello"] * 3


def test_a_process_has_so_many_of_all_users(
    alice: Person, bob: Person, settings: LazySettings
) -> None:
    allow(settings, sockets_per_process=2)
    with alice.open(alice.own) as first, bob.open(QUOTES) as second:
        assert alice.first_word(first, alice.own) == "hello"
        assert bob.first_word(second, QUOTES) == "snapshot"
        for path in (bob.own, QUOTES, ALPACA):
            assert bob.knock(path) == 1013
