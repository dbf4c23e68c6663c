"""The socket addresses of trading."""

from __future__ import annotations

from typing import Any

from django.urls import path

from accounts.api_keys import Scope
from accounts.policies import socket_for
from trading.consumers import PortfolioConsumer

websocket_urlpatterns: list[Any] = [
    path(
        "ws/v1/portfolios/<uuid:portfolio_id>",
        socket_for(Scope.READ, PortfolioConsumer.as_asgi()),
    ),
]
