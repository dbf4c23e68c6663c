"""Beginnings of programs, ready to be copied. Pure: address, key and account in, text out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

KEY: Final = "YOUR_KEY"
ACCOUNT: Final = "YOUR_PORTFOLIO_ID"


@dataclass(frozen=True, slots=True)
class Snippet:
    """One beginning of a program. ``name`` is what the page knows it by."""

    name: str
    title: str
    note: str
    text: str


def snippets(*, base: str, key: str = KEY, account: str = ACCOUNT) -> list[Snippet]:
    """All of them, for the desk at ``base`` (scheme and host, no slash at the end)."""
    sockets = "ws" + base.removeprefix("http")
    return [
        Snippet(
            "curl", "Shell, with curl", "Read what the portfolio holds.", curl(base, key, account)
        ),
        Snippet(
            "python", "Python, without a library", "Place an order.", python(base, key, account)
        ),
        Snippet(
            "socket",
            "Live prices, over a WebSocket",
            "Needs the package websockets.",
            websocket(sockets, key),
        ),
        Snippet(
            "alpaca",
            "alpaca-py, unmodified",
            "Programs written for Alpaca work with these addresses.",
            alpaca(base, sockets, key),
        ),
    ]


def curl(base: str, key: str, account: str) -> str:
    return f"""curl -H "Authorization: Bearer {key}" \\
  {base}/api/v1/portfolios/{account}/positions
"""


def python(base: str, key: str, account: str) -> str:
    return f"""import json
import urllib.request
import uuid

order = {{
    "portfolio_id": "{account}",
    "symbol": "AAPL",
    "side": "buy",
    "type": "limit",
    "quantity": "1",
    "limit_price": "150.00",
    "time_in_force": "gtc",
}}
request = urllib.request.Request(
    "{base}/api/v1/orders",
    data=json.dumps(order).encode(),
    headers={{
        "Authorization": "Bearer {key}",
        "Content-Type": "application/json",
        "Idempotency-Key": str(uuid.uuid4()),
    }},
)
print(json.load(urllib.request.urlopen(request)))
"""


def websocket(sockets: str, key: str) -> str:
    return f"""import json
from websockets.sync.client import connect

headers = {{"Authorization": "Bearer {key}"}}
with connect("{sockets}/ws/v1/quotes", additional_headers=headers) as socket:
    socket.send(json.dumps({{"subscribe": ["AAPL", "MSFT"]}}))
    for frame in socket:
        print(frame)
"""


def alpaca(base: str, sockets: str, key: str) -> str:
    return f"""from alpaca.data.historical import StockHistoricalDataClient
from alpaca.data.live import StockDataStream
from alpaca.trading.client import TradingClient
from alpaca.trading.stream import TradingStream

key = "{key}"
trading = TradingClient(key, key, url_override="{base}/alpaca")
prices = StockHistoricalDataClient(key, key, url_override="{base}/alpaca")
updates = TradingStream(key, key, url_override="{sockets}/alpaca/stream")
live = StockDataStream(key, key, url_override="{sockets}/alpaca/v2/iex")

print(trading.get_account().buying_power)
"""
