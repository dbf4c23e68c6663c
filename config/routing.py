"""Every socket address of the desk."""

from typing import Any

from channels.routing import URLRouter
from django.urls import re_path

from accounts.policies import socket_for_nobody
from integrations.routing import websocket_urlpatterns as alpaca_sockets
from market.routing import websocket_urlpatterns as market_sockets
from trading.routing import websocket_urlpatterns as trading_sockets


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Refuse the handshake of an address that is none of ours."""
    await receive()
    await send({"type": "websocket.close", "code": 4404})


anything_else = re_path(r"", socket_for_nobody(refuse))

websocket_application = URLRouter(
    [*market_sockets, *trading_sockets, *alpaca_sockets, anything_else]
)
