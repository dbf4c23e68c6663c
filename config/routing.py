"""Every socket address of the desk."""

from channels.routing import URLRouter

from market.routing import websocket_urlpatterns as market_sockets
from trading.routing import websocket_urlpatterns as trading_sockets

websocket_application = URLRouter([*market_sockets, *trading_sockets])
