"""Order book and tape over a real server process: followed, changed, refused and left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.db import connections
from django.utils import timezone
from websockets.sync.client import ClientConnection

from accounts.api_keys import issue_key
from market.depth import book_changes
from market.depth.order_books import RestingLevel, RestingOrders
from market.intake.ingestion import store_ticks
from market.live.broadcasts import tick_to_wire
from market.live.live_quotes import rest, valkey
from market.models import Instrument
from market.routing import websocket_urlpatterns
from market.values import TickValue, wire_time
from tests.factories import make_price_message, make_user
from tests.market.factories import make_instrument, make_tick
from tests.market.test_quote_socket import (
    SECONDS,
    hear,
    open_socket,
    publish,
    say,
    wait_for_hub,
)
from tests.support.desk import wait_until
from tests.support.socket_server import SocketServer

pytestmark = pytest.mark.django_db(transaction=True)

# What the source of resting orders answers, by instrument id.
resting: dict[int, RestingOrders] = {}


class KnownOrders:
    def resting_orders(self, instrument_ids: Any, *, depth: int, at: Any) -> Any:
        return {number: resting[number] for number in instrument_ids if number in resting}


@pytest.fixture
def stocks() -> list[Instrument]:
    return [make_instrument(symbol) for symbol in ("AAPL", "MSFT")]


@pytest.fixture
def key() -> str:
    alice = make_user("alice@example.com")
    return issue_key(owner=alice, name="k", scopes=["read"], created_at=timezone.now())[1]


@pytest.fixture
def server(stocks: list[Instrument], settings: Any) -> Iterator[SocketServer]:
    resting.clear()
    rest.end()
    settings.RESTING_ORDERS = f"{__name__}.KnownOrders"
    server = SocketServer(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
    server.start()
    yield server
    server.stop()
    connections.close_all()


def hear_kind(client: ClientConnection, kind: str) -> dict[str, Any]:
    while (frame := hear(client))["type"] != kind:
        assert frame["type"] != "error", frame
    return frame


def publish_ticks(*ticks: TickValue) -> None:
    wires = [tick_to_wire(tick, "AAPL") for tick in ticks]
    valkey().publish("prices:0", make_price_message(ticks=wires))


def test_a_book_is_followed_live(server: SocketServer, key: str, stocks: list[Instrument]) -> None:
    apple = stocks[0]
    resting[apple.id] = RestingOrders(bids=(RestingLevel(Decimal(300), Decimal(7), 2),))
    publish((apple, "310.5"))
    with open_socket(server, key) as client:
        say(client, book="AAPL")
        wait_for_hub()
        first = hear_kind(client, "book")
        assert first["symbol"] == "AAPL"
        assert [(row["price"], row["orders"]) for row in first["bids"]] == [
            ("310.49", 0),
            ("300", 2),
        ]
        publish((apple, "320"))
        while (frame := hear_kind(client, "book"))["bid"] != "319.99":
            assert frame["seq"] > first["seq"]
        resting[apple.id] = RestingOrders()
        book_changes.announce([apple.id])
        while len(hear_kind(client, "book")["bids"]) != 1:
            pass


def test_a_change_that_was_not_told_is_found_all_the_same(
    server: SocketServer, key: str, stocks: list[Instrument]
) -> None:
    apple = stocks[0]
    with open_socket(server, key) as client:
        say(client, book="AAPL")
        assert hear_kind(client, "book")["bids"] == []
        resting[apple.id] = RestingOrders(bids=(RestingLevel(Decimal(9), Decimal(7), 2),))
        assert hear_kind(client, "book")["bids"][0]["price"] == "9"


def test_a_tape_begins_with_stored_trades_and_goes_on_live(
    server: SocketServer, key: str, stocks: list[Instrument]
) -> None:
    now = timezone.now() - timedelta(seconds=2)
    store_ticks(
        [
            make_tick(stocks[0], price, at=now, after_seconds=n / 10)
            for n, price in enumerate(("10", "11"))
        ],
        received_at=timezone.now(),
    )
    with open_socket(server, key) as client:
        say(client, trades="AAPL")
        wait_for_hub()
        first = hear_kind(client, "trades")
        assert first["is_snapshot"] is True
        assert [(trade["price"], trade["change"]) for trade in first["trades"]] == [
            ("11", "1"),
            ("10", None),
        ]
        new = make_tick(stocks[0], "10.75", at=timezone.now(), size="3")
        publish_ticks(make_tick(stocks[1], "99", at=timezone.now()), new)
        (trade,) = hear_kind(client, "trades")["trades"]
        assert trade == {
            "id": new.provider_tick_id,
            "occurred_at": wire_time(new.occurred_at),
            "price": "10.75",
            "size": "3",
            "change": "-0.25",
        }


def test_null_ends_it_and_prices_go_on(
    server: SocketServer, key: str, stocks: list[Instrument]
) -> None:
    publish((stocks[0], "310"))
    with open_socket(server, key) as client:
        say(client, subscribe=["AAPL"], book="AAPL")
        wait_for_hub()
        hear_kind(client, "book")
        say(client, book=None)
        say(client, subscribe=["MSFT"])  # its snapshot says that the one before was read
        while hear(client)["type"] != "snapshot":
            pass
        publish((stocks[0], "311"))
        kinds = set()
        for _ in range(3):
            publish((stocks[0], "312"))
            kinds.add(hear(client)["type"])
        assert "book" not in kinds


def test_one_symbol_at_a_time(server: SocketServer, key: str, stocks: list[Instrument]) -> None:
    publish((stocks[0], "310"), (stocks[1], "410"))
    with open_socket(server, key) as client:
        say(client, book="AAPL")
        assert hear_kind(client, "book")["symbol"] == "AAPL"
        say(client, book="MSFT")
        while hear_kind(client, "book")["symbol"] != "MSFT":
            pass


@pytest.mark.parametrize("kind", ["book", "trades"])
def test_an_unknown_symbol_is_said_to_be_one(server: SocketServer, key: str, kind: str) -> None:
    with open_socket(server, key) as client:
        say(client, **{kind: "NOPE"})
        assert hear(client)["code"] == "unknown_symbol"


@pytest.mark.parametrize("text", ['{"book": 1}', '{"trades": ["AAPL"]}', '{"book": ""}'])
def test_nonsense_is_answered(server: SocketServer, key: str, text: str) -> None:
    with open_socket(server, key) as client:
        client.send(text)
        assert hear(client)["code"] == "malformed"


def test_who_leaves_is_forgotten(server: SocketServer, key: str, stocks: list[Instrument]) -> None:
    publish((stocks[0], "310"))
    for _ in range(3):
        with open_socket(server, key) as client:
            say(client, book="AAPL", trades="AAPL")
            assert hear_kind(client, "book")["symbol"] == "AAPL"
    with open_socket(server, key) as client:
        say(client, book="AAPL")
        wait_until(lambda: hear(client)["type"] == "book", seconds=SECONDS, what="it serves on")
