"""Who is let in at Alpaca's sockets, in which words others are refused, and what is too much."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import msgpack
import orjson
import pytest
from django.conf import LazySettings
from django.utils import timezone
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from accounts.api_keys import revoke_key
from accounts.models import ApiKey, User
from market.live.live_quotes import valkey
from market.models import Instrument
from portfolio.models import Portfolio
from tests.api.clients import key_for
from tests.factories import make_instrument
from tests.integrations.alpaca_api.test_streams import ticks_of
from tests.support.desk import wait_until
from tests.support.socket_server import SocketServer
from tests.trading.factories import make_portfolio

SECONDS = 10
CONNECTED = [{"T": "success", "msg": "connected"}]
AUTHENTICATED = [{"T": "success", "msg": "authenticated"}]


def error(code: int, text: str) -> list[dict[str, Any]]:
    return [{"T": "error", "code": code, "msg": text}]


def hear(client: ClientConnection) -> Any:
    return orjson.loads(client.recv(timeout=SECONDS))


def say(client: ClientConnection, **message: Any) -> None:
    client.send(orjson.dumps(message).decode())


def closing_code(client: ClientConnection) -> int:
    """Read on until the server closes; return the code."""
    try:
        while True:
            client.recv(timeout=SECONDS)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006


@contextmanager
def data_socket(server: SocketServer, key: str = "") -> Iterator[ClientConnection]:
    with connect(server.url("/alpaca/v2/iex")) as client:
        assert hear(client) == CONNECTED
        if key:
            say(client, action="auth", key=key, secret=key)
            assert hear(client) == AUTHENTICATED
        yield client


def test_each_way_of_signing_in_opens(server: SocketServer, key: str) -> None:
    headers = {"APCA-API-KEY-ID": key.split("_")[2], "APCA-API-SECRET-KEY": key}
    with connect(server.url("/alpaca/v2/sip"), additional_headers=headers) as client:
        assert (hear(client), hear(client)) == (CONNECTED, AUTHENTICATED)
        say(client, action="auth", key=key, secret=key)
        assert hear(client) == error(403, "already authenticated")
    wanted = {"Content-Type": "application/msgpack"}
    with connect(server.url("/alpaca/v2/iex"), additional_headers=wanted) as client:
        assert msgpack.unpackb(client.recv(timeout=SECONDS)) == CONNECTED
        client.send(msgpack.packb({"action": "auth", "key": key, "secret": key}))
        assert msgpack.unpackb(client.recv(timeout=SECONDS)) == AUTHENTICATED
    for said in (
        {"action": "authenticate", "data": {"key_id": key, "secret_key": key}},
        {"action": "auth", "key": key, "secret": key},
    ):
        with connect(server.url("/alpaca/stream")) as client:
            say(client, **said)
            told = hear(client)
            assert told["data"] == {"status": "authorized", "action": "authenticate"}


def test_what_opens_nothing_is_refused_and_the_socket_closed(
    server: SocketServer, anna: User, account: Portfolio, key: str
) -> None:
    other = make_portfolio(anna, name="Other")
    for wrong in (
        "no key",
        key[:-1] + "!",
        key_for(anna),
        key_for(anna, portfolio_ids=[account.id, other.id]),
        key_for(anna, scopes=["trade"], portfolio_ids=[account.id]),
    ):
        with data_socket(server) as client:
            say(client, action="auth", key=wrong, secret=wrong)
            assert hear(client) == error(402, "auth failed")
            assert closing_code(client) == 4401
        with connect(server.url("/alpaca/stream")) as client:
            say(client, action="authenticate", data={"key_id": wrong, "secret_key": wrong})
            assert hear(client)["data"]["status"] == "unauthorized"
            assert closing_code(client) == 4401


def test_a_page_of_another_site_may_open_it_but_its_cookie_counts_for_nothing(
    server: SocketServer, key: str
) -> None:
    page = Origin("https://elsewhere.example")
    with connect(server.url("/alpaca/v2/iex"), origin=page) as client:
        assert hear(client) == CONNECTED
        say(client, action="subscribe", trades=["AAPL"])
        assert hear(client) == error(401, "not authenticated")


def test_whoever_says_nothing_is_shut_out(server: SocketServer, settings: LazySettings) -> None:
    settings.LIMITS = replace(settings.LIMITS, stream_sign_in_seconds=0.3)
    with data_socket(server) as client:
        assert hear(client) == error(404, "auth timeout")
        assert closing_code(client) == 4401
    with connect(server.url("/alpaca/stream")) as client:
        assert hear(client)["data"]["status"] == "unauthorized"
        assert closing_code(client) == 4401


def test_a_revoked_key_ends_delivery(server: SocketServer, key: str, anna: User) -> None:
    with data_socket(server, key) as client, connect(server.url("/alpaca/stream")) as updates:
        say(updates, action="auth", key=key, secret=key)
        hear(updates)
        row = ApiKey.objects.get()
        revoke_key(key_id=row.id, owner=anna, revoked_at=timezone.now())
        assert (closing_code(client), closing_code(updates)) == (4401, 4401)


def test_the_whole_list_is_answered_to_each_change(
    server: SocketServer, key: str, apple: Instrument
) -> None:
    make_instrument("MSFT")
    with data_socket(server, key) as client:
        say(client, action="subscribe", trades=["AAPL", "NONE"], quotes=["MSFT"])
        (told,) = hear(client)
        assert (told["T"], told["trades"], told["quotes"]) == ("subscription", ["AAPL"], ["MSFT"])
        assert told["corrections"] == ["AAPL", "NONE"]
        say(client, action="subscribe", bars=["*"])
        assert hear(client)[0]["bars"] == ["*"]
        say(client, action="unsubscribe", trades=["AAPL"], bars=["*"])
        (told,) = hear(client)
        assert (told["trades"], told["quotes"], told["bars"]) == ([], ["MSFT"], [])


@pytest.mark.parametrize(
    "said", ["{", "[]", '{"action":"dance"}', '{"action":"subscribe","bars":5}']
)
def test_what_makes_no_sense_is_said_and_ends_it_in_the_end(
    server: SocketServer, key: str, said: str, settings: LazySettings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, socket_malformed_messages=2)
    with data_socket(server, key) as client:
        for _ in range(2):
            client.send(said)
            assert hear(client) == error(400, "invalid syntax")
        assert closing_code(client) == 4400


def test_a_tier_takes_so_many_symbols(
    server: SocketServer, key: str, monkeypatch: pytest.MonkeyPatch, apple: Instrument
) -> None:
    make_instrument("MSFT")
    monkeypatch.setattr(
        "integrations.alpaca_api.streams.data_stream.symbols_allowed", lambda tier: 1
    )
    with data_socket(server, key) as client:
        say(client, action="subscribe", trades=["AAPL"], quotes=["AAPL"])
        assert hear(client)[0]["T"] == "subscription"
        for more in (["MSFT"], ["*"]):
            say(client, action="subscribe", quotes=more)
            assert hear(client) == error(405, "symbol limit exceeded")


def test_a_user_has_so_many_sockets(server: SocketServer, key: str, settings: LazySettings) -> None:
    settings.LIMITS = replace(settings.LIMITS, sockets_per_user=2)
    with data_socket(server, key), data_socket(server, key), data_socket(server) as third:
        say(third, action="auth", key=key, secret=key)
        assert hear(third) == error(406, "connection limit exceeded")
        assert closing_code(third) == 4428


def test_who_falls_behind_is_let_go(
    server: SocketServer, key: str, settings: LazySettings, apple: Instrument
) -> None:
    settings.LIMITS = replace(settings.LIMITS, stream_waiting_messages=5)
    with data_socket(server, key) as client:
        say(client, action="subscribe", trades=["AAPL"])
        hear(client)
        wait_until(lambda: valkey().pubsub_numpat() > 0, seconds=SECONDS, what="the hub listens")
        valkey().publish("prices:0", ticks_of(apple, *["100"] * 5))
        assert len(hear(client)) == 5
        valkey().publish("prices:0", ticks_of(apple, *["100"] * 6))
        assert hear(client) == error(407, "slow client")
        assert closing_code(client) == 4408
