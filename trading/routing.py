"""The socket addresses of trading."""

from __future__ import annotations

from typing import Any

from django.urls import path

from trading.consumers import PortfolioConsumer

websocket_urlpatterns: list[Any] = [
    path("ws/v1/portfolios/<uuid:portfolio_id>", PortfolioConsumer.as_asgi()),
]
