"""A portfolio's stream over real sockets that break again and again while much happens in it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Final

import orjson
import pytest
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.db import connections
from django.utils import timezone
from websockets.sync.client import ClientConnection, connect

from accounts.api_keys import issue_key
from accounts.models import User
from market.models import Instrument
from portfolio.models import Portfolio
from tests.support.socket_server import SocketServer
from tests.trading.factories import leading_matcher, make_portfolio, make_user, place, publish_quote
from tests.trading.test_portfolio_socket import SHARD, SHARDS, deposit, make_own_instrument
from trading import broadcasts
from trading.models import Fill, OrderEvent
from trading.routing import websocket_urlpatterns

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS: Final = 20
WRITERS, ORDERS_EACH = 3, 12
# After how many messages the line breaks, in turn: in live news, in a replay, right at its start.
BREAKS: Final = (3, 1, 7, 2, 12, 5)


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def portfolio(alice: User) -> Portfolio:
    return make_portfolio(alice)


@pytest.fixture
def key(alice: User) -> str:
    return issue_key(owner=alice, name="k", scopes=["read"], created_at=timezone.now())[1]


@pytest.fixture
def server() -> Iterator[SocketServer]:
    server = SocketServer(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
    server.start()
    yield server
    server.stop()
    connections.close_all()


@dataclass
class Reader:
    """A program that goes on where it was, as docs/orders.md tells it to."""

    url: str
    key: str
    seen: int | None = None
    heard: list[dict[str, Any]] = field(default_factory=list)  # each event once
    known: set[str] = field(default_factory=set)

    def read(self, *, at_most: int | None = None) -> None:
        """Read on over a new connection: so many messages, or else all that there is."""
        headers = {"Authorization": f"Bearer {self.key}"}
        with connect(self.url, additional_headers=headers) as client:
            self._catch_up(client)
            for _ in range(at_most or 0):
                with suppress(TimeoutError):
                    self._take(hear(client, seconds=0.2))
            # What came without a farewell.
            client.socket.close()

    def _catch_up(self, client: ClientConnection) -> None:
        hello = hear(client)
        assert hello["type"] == "hello"
        if self.seen is None:
            self.seen = hello["seq"]
            return
        client.send(orjson.dumps({"since": self.seen}).decode())
        while hear(client)["type"] != "replaying":
            pass  # told in the replay as well, where it belongs
        while (message := hear(client))["type"] != "replayed":
            self._note(message)
        self.seen = message["seq"]

    def _take(self, message: dict[str, Any]) -> None:
        self._note(message)
        self.seen = max(self.seen or 0, message["seq"])

    def _note(self, message: dict[str, Any]) -> None:
        name = message.get("id")
        if name is not None and name not in self.known:
            self.known.add(name)
            self.heard.append(message)


def hear(client: ClientConnection, *, seconds: float = SECONDS) -> dict[str, Any]:
    frame: dict[str, Any] = orjson.loads(client.recv(timeout=seconds))
    return frame


def in_thread(work: Callable[[], None]) -> threading.Thread:
    """Like another process: its connection to the database is its own."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def write(portfolio: Portfolio, stock: Instrument) -> None:
    for _ in range(ORDERS_EACH):
        place(portfolio, stock)
        deposit(portfolio)
        broadcasts.ring([portfolio.id])


def match(portfolio: Portfolio, is_over: threading.Event) -> None:
    matcher = leading_matcher(shard=SHARD, shards=SHARDS)
    while not is_over.wait(0.01):
        if matcher.work():
            broadcasts.ring([portfolio.id])
    matcher.work()


def test_a_reader_whose_line_breaks_in_a_burst_hears_everything_once_and_in_order(
    server: SocketServer, portfolio: Portfolio, key: str
) -> None:
    stock = make_own_instrument()
    publish_quote(stock)
    reader = Reader(server.url(f"/ws/v1/portfolios/{portfolio.id}"), key)
    reader.read()
    is_over = threading.Event()
    matching = in_thread(lambda: match(portfolio, is_over))
    writers = [in_thread(lambda: write(portfolio, stock)) for _ in range(WRITERS)]
    for at_most in cycle(BREAKS):
        reader.read(at_most=at_most)
        if not any(writer.is_alive() for writer in writers):
            break
    is_over.set()
    for thread in (*writers, matching):
        thread.join(SECONDS)
    reader.read()
    events = list(OrderEvent.objects.filter(order__portfolio=portfolio).order_by("id"))
    assert len(events) >= 2 * WRITERS * ORDERS_EACH
    heard = [it["id"] for it in reader.heard if it["type"] == "order"]
    assert sorted(heard) == sorted(f"order:{event.id}" for event in events)
    fills = {f"fill:{fill_id}" for fill_id in Fill.objects.values_list("id", flat=True)}
    assert {it["id"] for it in reader.heard if it["type"] == "fill"} == fills
    assert fills
    for order_id in {str(event.order_id) for event in events}:
        own = [
            int(it["id"].removeprefix("order:"))
            for it in reader.heard
            if it["type"] == "order" and it["order_id"] == order_id
        ]
        assert own == sorted(own)


def test_what_came_before_the_replay_comes_in_it_again(
    server: SocketServer, portfolio: Portfolio, key: str
) -> None:
    stock = make_own_instrument()
    publish_quote(stock)
    reader = Reader(server.url(f"/ws/v1/portfolios/{portfolio.id}"), key)
    reader.read()
    missed = place(portfolio, stock)
    headers = {"Authorization": f"Bearer {key}"}
    with connect(reader.url, additional_headers=headers) as client:
        assert hear(client)["type"] == "hello"
        live = place(portfolio, stock)
        broadcasts.ring([portfolio.id])
        # What came before the greeting may be told first: whatever else is open in the database
        # holds back how far all is known.
        while hear(client).get("order_id") != str(live.id):
            pass
        client.send(orjson.dumps({"since": reader.seen}).decode())
        told: list[dict[str, Any]] = []
        while not told or told[-1]["type"] != "replayed":
            told.append(hear(client))
    replay = told[[it["type"] for it in told].index("replaying") :]
    orders = [it["order_id"] for it in replay if it["type"] == "order"]
    assert list(dict.fromkeys(orders)) == [str(missed.id), str(live.id)]
    assert [it["seq"] for it in replay] == sorted(it["seq"] for it in replay)
