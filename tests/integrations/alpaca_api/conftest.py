"""Alpaca's own client, unmodified, talking HTTP to a running desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from alpaca.data.historical import StockHistoricalDataClient
from alpaca.trading.client import TradingClient
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.test import modify_settings
from django.utils import timezone

from accounts.models import User
from config.request_pool import WsgiRequests
from config.routing import websocket_application
from market.models import Instrument
from portfolio.models import Portfolio
from tests.api.clients import key_for
from tests.factories import make_instrument, make_quote
from tests.support.socket_server import SocketServer
from tests.trading.factories import make_portfolio, make_user
from trading.matcher import Matcher


def connected(client: Any) -> Any:
    client._retry = 0  # else a refusal that it repeats would take a while
    return client


@pytest.fixture(scope="package")
def url(django_db_setup: None) -> Iterator[str]:
    """Of the desk, which answers HTTP on a thread of its own."""
    # Not that of config.wsgi, which would make a web server of this process for all tests.
    requests = WsgiRequests(get_wsgi_application(), threads=1, waiting=10)
    server = SocketServer(requests)
    server.start()
    host, port = server.host_and_port
    with modify_settings(ALLOWED_HOSTS={"append": host}):
        yield f"http://{host}:{port}/alpaca"
    requests.pool.submit(connections.close_all).result(timeout=10)
    server.stop()


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
def trading(key: str, url: str) -> TradingClient:
    made: TradingClient = connected(TradingClient(key, key, url_override=url))
    return made


@pytest.fixture
def prices(key: str, url: str) -> StockHistoricalDataClient:
    made: StockHistoricalDataClient = connected(
        StockHistoricalDataClient(key, key, url_override=url)
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
