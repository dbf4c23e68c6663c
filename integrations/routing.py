"""The socket addresses of Alpaca's API. No cookie counts here, so no origin is asked for."""

from __future__ import annotations

from typing import Any

from django.urls import path

from accounts.api_keys import Scope
from accounts.policies import socket_that_asks_inside
from integrations.alpaca_api.streams.data_stream import FEEDS, DataStream
from integrations.alpaca_api.streams.trade_stream import TradeStream

websocket_urlpatterns: list[Any] = [
    path("alpaca/stream", socket_that_asks_inside(Scope.READ, TradeStream.as_asgi())),
    *(
        path(f"alpaca/v2/{feed}", socket_that_asks_inside(Scope.READ, DataStream.as_asgi()))
        for feed in FEEDS
    ),
]
