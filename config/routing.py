"""Every socket address of the desk."""

from importlib import import_module
from importlib.util import find_spec

from channels.routing import URLRouter

websocket_application = URLRouter(
    [
        pattern
        for app in ("market", "trading")
        if find_spec(f"{app}.routing")
        for pattern in import_module(f"{app}.routing").websocket_urlpatterns
    ]
)
