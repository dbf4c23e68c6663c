"""The socket of live prices over a real server process, as programs and browsers use it."""

from __future__ import annotations

import socket as sockets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import orjson
import pytest
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.conf import LazySettings
from django.conf import settings as django_settings
from django.db import connections
from django.test import Client
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from accounts.api_keys import issue_key, revoke_key
from accounts.auth import MEMORY_SECONDS
from accounts.models import User
from accounts.tiers import Tier
from market.alerts.news import fired_channel, tell_fired
from market.live.hub_runner import ACCESS_SECONDS
from market.live.live_quotes import valkey
from market.models import Instrument
from market.routing import websocket_urlpatterns
from market.values import quote_to_wire
from tests.factories import make_price_message, make_user
from tests.market.factories import make_instrument, make_quote
from tests.support.desk import wait_until
from tests.support.socket_server import SocketServer

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 10


@pytest.fixture
def alice() -> User:
    return make_user("alice@example.com", tier=Tier.PREMIUM)


@pytest.fixture
def alices_key(alice: User) -> str:
    return issue_key(owner=alice, name="ticker", scopes=["read"], created_at=timezone.now())[1]


@pytest.fixture
def stocks() -> list[Instrument]:
    return [make_instrument(symbol) for symbol in ("AAPL", "MSFT", "XOM")]


@pytest.fixture
def server(stocks: list[Instrument], settings: LazySettings) -> Iterator[SocketServer]:
    settings.LIMITS = replace(
        settings.LIMITS, socket_ack_timeout_seconds=1, socket_stall_timeout_seconds=1
    )
    server = SocketServer(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
    server.start()
    yield server
    server.stop()
    connections.close_all()


@contextmanager
def open_socket(server: SocketServer, key: str, **options: Any) -> Iterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {key}"}
    with connect(server.url("/ws/v1/quotes"), additional_headers=headers, **options) as client:
        yield client


def say(client: ClientConnection, **message: Any) -> None:
    client.send(orjson.dumps(message).decode())


def hear(client: ClientConnection) -> dict[str, Any]:
    text = client.recv(timeout=SECONDS)
    assert isinstance(text, str)
    frame: dict[str, Any] = orjson.loads(text)
    return frame


def publish(*quotes: tuple[Instrument, str]) -> None:
    """Publish prices as a feed does."""
    wires = [
        quote_to_wire(make_quote(stock, last, at=timezone.now()), with_depth=True)
        for stock, last in quotes
    ]
    for wire in wires:
        valkey().hset("quotes", str(wire["instrument_id"]), orjson.dumps(wire).decode())
    valkey().publish("prices:0", make_price_message(quotes=wires))


def wait_for_hub() -> None:
    wait_until(lambda: valkey().pubsub_numpat() > 0, seconds=SECONDS, what="the hub listens")


def closing_code(client: ClientConnection) -> int:
    """Read on until the server closes; return the code."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            client.recv(timeout=SECONDS)
        except ConnectionClosed as error:
            return error.rcvd.code if error.rcvd else 1006
    raise AssertionError("the socket stayed open")


def test_a_stranger_is_refused_at_the_handshake(server: SocketServer) -> None:
    with pytest.raises(InvalidStatus) as refusal, connect(server.url("/ws/v1/quotes")):
        pass
    assert refusal.value.response.status_code == 403


def test_a_wrong_key_is_refused_at_the_handshake(server: SocketServer, alices_key: str) -> None:
    with pytest.raises(InvalidStatus) as refusal, open_socket(server, alices_key[:-1] + "!"):
        pass
    assert refusal.value.response.status_code == 403


def test_a_key_gets_a_snapshot_and_then_changes(
    server: SocketServer, alices_key: str, stocks: list[Instrument]
) -> None:
    publish((stocks[0], "310.5"))
    with open_socket(server, alices_key) as client:
        say(client, subscribe=["AAPL", "XNYS:MSFT"])
        wait_for_hub()
        snapshot = hear(client)
        assert snapshot["type"] == "snapshot"
        # What stood before this process was asked for the first time.
        assert [(quote["symbol"], quote["last"]) for quote in snapshot["quotes"]] == [
            ("AAPL", "310.5")
        ]
        publish((stocks[0], "311"), (stocks[2], "69"))
        quotes: dict[str, dict[str, Any]] = {}
        while "AAPL" not in quotes or quotes["AAPL"]["last"] != "311":
            update = hear(client)
            assert update["seq"] > snapshot["seq"]
            quotes |= {quote["symbol"]: quote for quote in update["quotes"]}
        assert "XOM" not in quotes
        assert quotes["AAPL"]["change_pct"] == "3787.5"
        assert quotes["AAPL"]["is_stale"] is False


def test_a_browsers_session_opens_it_too(server: SocketServer, alice: User) -> None:
    browser = Client()
    browser.force_login(alice)
    name = django_settings.SESSION_COOKIE_NAME
    cookie = {"Cookie": f"{name}={browser.cookies[name].value}"}
    with connect(server.url("/ws/v1/quotes"), additional_headers=cookie) as client:
        say(client, subscribe=["AAPL"])
        assert hear(client)["type"] == "snapshot"


def test_unknown_symbols_are_named_and_the_others_served(
    server: SocketServer, alices_key: str
) -> None:
    with open_socket(server, alices_key) as client:
        say(client, subscribe=["AAPL", "NOPE", "ALSONOT"])
        error = hear(client)
        assert (error["type"], error["code"]) == ("error", "unknown_symbol")
        assert error["symbols"] == ["NOPE", "ALSONOT"]
        assert hear(client)["type"] == "snapshot"


def test_a_stock_listed_while_it_runs_is_found(server: SocketServer, alices_key: str) -> None:
    with open_socket(server, alices_key) as client:
        say(client, subscribe=["AAPL"])
        assert hear(client)["type"] == "snapshot"
        make_instrument("NEWCO")

        def is_found() -> bool:
            say(client, subscribe=["NEWCO"])
            return bool(hear(client)["type"] == "snapshot")

        wait_until(is_found, seconds=SECONDS, what="the new listing is known")


@pytest.mark.parametrize(
    "text",
    [
        *("{", "[]", "{}", "1", '{"subscribe": "AAPL"}', '{"subscribe": [1]}'),
        *('{"ack": "1"}', '{"ack": -1}', '{"ack": true}', '{"fire": 1}', '{"subscribe": [""]}'),
    ],
)
def test_nonsense_is_answered(server: SocketServer, alices_key: str, text: str) -> None:
    with open_socket(server, alices_key) as client:
        client.send(text)
        assert hear(client)["code"] == "malformed"
        say(client, subscribe=["AAPL"])
        assert hear(client)["type"] == "snapshot"


def test_nonsense_again_and_again_ends_the_socket(server: SocketServer, alices_key: str) -> None:
    with open_socket(server, alices_key) as client:
        client.send(b"\x00")
        for _ in range(4):
            client.send("{")
        assert closing_code(client) == 4400


def test_the_tiers_symbols_are_the_limit(server: SocketServer, stocks: list[Instrument]) -> None:
    standard = make_user("bob@example.com", tier=Tier.STANDARD)
    key = issue_key(owner=standard, name="k", scopes=["read"], created_at=timezone.now())[1]
    more = [make_instrument().symbol for _ in range(48)]
    with open_socket(server, key) as client:
        say(client, subscribe=["AAPL", "MSFT", *more])  # 50
        assert hear(client)["type"] == "snapshot"
        say(client, subscribe=["MSFT"])
        assert hear(client)["type"] == "snapshot"
        say(client, subscribe=["XOM"])
        assert closing_code(client) == 4413
        assert client.close_reason == (
            "the standard tier includes 50 symbols; the premium tier includes 500"
        )


def test_a_new_tier_counts_for_open_sockets(server: SocketServer, alice: User) -> None:
    key = issue_key(owner=alice, name="k", scopes=["read"], created_at=timezone.now())[1]
    more = [make_instrument().symbol for _ in range(50)]
    with open_socket(server, key) as client:
        say(client, subscribe=["AAPL", *more])  # 51
        assert hear(client)["type"] == "snapshot"
        User.objects.filter(id=alice.id).update(tier=Tier.STANDARD)
        assert closing_code(client) == 4413
        assert "standard tier" in str(client.close_reason)
    assert ACCESS_SECONDS < 1


def test_too_many_messages_end_the_socket(server: SocketServer, alices_key: str) -> None:
    with open_socket(server, alices_key) as client:
        for number in range(200):
            try:
                say(client, ack=number)
            except ConnectionClosed:
                break
        assert closing_code(client) == 4429


def test_one_user_may_open_so_many_sockets(
    server: SocketServer, alices_key: str, settings: LazySettings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, sockets_per_user=2)
    with open_socket(server, alices_key) as first, open_socket(server, alices_key) as second:
        for client in (first, second):
            say(client, subscribe=["AAPL"])
            assert hear(client)["type"] == "snapshot"
        with open_socket(server, alices_key) as third:
            assert closing_code(third) == 4428


def test_a_revoked_key_ends_its_socket(server: SocketServer, alice: User) -> None:
    key, text = issue_key(owner=alice, name="k", scopes=["read"], created_at=timezone.now())
    with open_socket(server, text) as client:
        say(client, subscribe=["AAPL"])
        hear(client)
        revoke_key(key_id=key.id, owner=alice, revoked_at=timezone.now())
        assert closing_code(client) == 4401
    assert MEMORY_SECONDS < 1
    assert ACCESS_SECONDS < 1


def test_signing_out_ends_the_browsers_socket(server: SocketServer, alice: User) -> None:
    browser = Client()
    browser.force_login(alice)
    name = django_settings.SESSION_COOKIE_NAME
    cookie = {"Cookie": f"{name}={browser.cookies[name].value}"}
    with connect(server.url("/ws/v1/quotes"), additional_headers=cookie) as client:
        say(client, subscribe=["AAPL"])
        assert hear(client)["type"] == "snapshot"
        browser.logout()
        assert closing_code(client) == 4401


def test_who_stops_acknowledging_is_closed(
    server: SocketServer, alices_key: str, stocks: list[Instrument]
) -> None:
    with open_socket(server, alices_key) as client:
        say(client, subscribe=["AAPL"])
        wait_for_hub()
        say(client, ack=hear(client)["seq"])
        publish((stocks[0], "1"))
        assert closing_code(client) == 4408


def test_clients_may_leave_in_the_middle_of_things(
    server: SocketServer,
    alices_key: str,
    stocks: list[Instrument],
    caplog: pytest.LogCaptureFixture,
) -> None:
    for _ in range(15):
        with open_socket(server, alices_key) as client:
            say(client, subscribe=["AAPL"])
            wait_for_hub()
            publish((stocks[0], "1"))
            hear(client)
            publish((stocks[0], "2"))
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_socket_that_takes_nothing_is_dropped(
    server: SocketServer, alices_key: str, stocks: list[Instrument]
) -> None:
    with open_deaf_socket(server, alices_key) as (_, raw, many):
        assert is_reset_while_prices_move(raw, many)


def test_one_that_acknowledged_before_is_dropped_as_soon(
    server: SocketServer, alices_key: str, stocks: list[Instrument], settings: LazySettings
) -> None:
    # A polite end would wait for it to take what is on its way.
    settings.LIMITS = replace(settings.LIMITS, socket_stall_timeout_seconds=600)
    with open_deaf_socket(server, alices_key) as (client, raw, many):
        publish((many[0], "10"))
        say(client, ack=hear(client)["seq"])
        assert is_reset_while_prices_move(raw, many)


@contextmanager
def open_deaf_socket(
    server: SocketServer, key: str
) -> Iterator[tuple[ClientConnection, sockets.socket, list[Instrument]]]:
    """One with little room for what it does not read, and what it has subscribed to."""
    many = [make_instrument() for _ in range(120)]
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.connect(server.host_and_port)
    options = {"sock": raw, "max_queue": 1, "ping_interval": None}
    with open_socket(server, key, **options) as client:
        say(client, subscribe=[stock.symbol for stock in many])
        wait_for_hub()
        yield client, raw, many


def is_reset_while_prices_move(raw: sockets.socket, many: list[Instrument]) -> bool:
    """Move prices until the server has dropped the connection; whether it has within 30 s."""
    deadline = time.monotonic() + 30
    while not is_reset(raw) and time.monotonic() < deadline:
        publish(*((stock, "10") for stock in many))
        time.sleep(0.05)
    return is_reset(raw)


def is_reset(raw: sockets.socket) -> bool:
    """Whether the other side has ended the connection, seen without reading from it."""
    return raw.fileno() < 0 or raw.getsockopt(sockets.IPPROTO_TCP, sockets.TCP_INFO, 1)[0] == 7


def test_sockets_hear_of_their_own_users_alerts_only(
    server: SocketServer, alice: User, alices_key: str
) -> None:
    bob = make_user("bob@example.com")
    bobs_key = issue_key(owner=bob, name="ticker", scopes=["read"], created_at=timezone.now())[1]
    with open_socket(server, alices_key) as hers, open_socket(server, bobs_key) as his:
        say(hers, ack=0)
        wait_for_hub()
        wait_until(is_telling, seconds=SECONDS, what="the hub hears of alerts")
        tell_fired([alice.id])
        assert hear(hers) == {"type": "alerts"}
        tell_fired([bob.id])
        assert hear(his) == {"type": "alerts"}
        with pytest.raises(TimeoutError):
            hers.recv(timeout=0.3)


def is_telling() -> bool:
    return bool(valkey().pubsub_numsub(fired_channel())[0][1])
