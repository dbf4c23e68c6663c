"""Alpaca's own client, unmodified, talking to the desk within this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from alpaca.data.historical import StockHistoricalDataClient
from alpaca.trading.client import TradingClient
from django.db import connections
from django.test import Client
from django.utils import timezone
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from accounts.models import User
from config.routing import websocket_application
from market.models import Instrument
from portfolio.models import Portfolio
from tests.api.clients import key_for
from tests.factories import make_instrument, make_quote
from tests.support.socket_server import SocketServer
from tests.trading.factories import make_portfolio, make_user
from trading.matcher import Matcher

URL = "http://desk.test/alpaca"
# Answers are read as they are, so none may come compressed.
NOT_SENT = ("Host", "Accept-Encoding")


class Desk(BaseAdapter):
    """Carries the client's requests to the desk without a network."""

    def __init__(self) -> None:
        super().__init__()
        self.client = Client(raise_request_exception=False)

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> Response:
        parts = urlsplit(request.url or "")
        body = request.body or b""
        headers = {name: str(it) for name, it in request.headers.items() if name not in NOT_SENT}
        answered = self.client.generic(
            request.method or "GET",
            f"{parts.path}?{parts.query}",
            body.encode() if isinstance(body, str) else body,
            content_type=str(request.headers.get("Content-Type", "")),
            headers=headers,
        )
        response = Response()
        response.status_code = answered.status_code
        response._content = answered.content
        response.headers.update(dict(answered.headers.items()))
        response.url, response.request = request.url or "", request
        return response

    def close(self) -> None:
        """Nothing is open."""


def connected(client: Any) -> Any:
    client._session.mount("http://", Desk())
    client._retry = 0  # else a refusal that it repeats would take a while
    return client


@pytest.fixture
def anna(transactional_db: None) -> User:
    return make_user("anna@example.com", tier="admin")


@pytest.fixture
def account(anna: User) -> Portfolio:
    return make_portfolio(anna, cash="10000")


@pytest.fixture
def apple(anna: User) -> Instrument:
    made = make_instrument("AAPL")
    make_quote(made, bid="199.99", ask="200.01", last="200", previous_close="198")
    return made


@pytest.fixture
def key(anna: User, account: Portfolio) -> str:
    return key_for(anna, portfolio_ids=[account.id])


@pytest.fixture
def trading(key: str) -> TradingClient:
    made: TradingClient = connected(TradingClient(key, key, url_override=URL))
    return made


@pytest.fixture
def prices(key: str) -> StockHistoricalDataClient:
    made: StockHistoricalDataClient = connected(
        StockHistoricalDataClient(key, key, url_override=URL)
    )
    return made


@pytest.fixture
def match(transactional_db: None) -> Callable[[], None]:
    """Do what the matcher would, at this moment."""
    matcher = Matcher(shard=0, shards=1, clock=timezone.now)
    assert matcher.lead()

    def work() -> None:
        matcher.work()

    return work


@pytest.fixture
def server(apple: Instrument) -> Iterator[SocketServer]:
    """The desk's sockets, as a process of their own serves them."""
    server = SocketServer(websocket_application)
    server.start()
    yield server
    server.stop()
    connections.close_all()
