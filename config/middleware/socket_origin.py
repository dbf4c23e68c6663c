"""Let browsers open sockets from our own pages only.

A browser sends the session cookie with a socket that any page opens, and it always says which
page that is. Programs send no origin; they come with a key, which no page can make them send.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]

# Signed in to by a message that holds a key; no cookie counts, so another's page gains nothing.
WITHOUT_COOKIES: Final = ("/alpaca/",)
SECURE_SCHEMES: Final = frozenset({"https", "wss"})


class ExactOrigin:
    """Refuses the handshake (403) of a browser whose page is not ours."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        # What is looked at is kept by no local here: this frame lives as long as the socket.
        if may_open(scope):
            await self.application(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 4403})


def may_open(scope: Scope) -> bool:
    headers = headers_of(scope)
    if str(scope.get("path", "")).startswith(WITHOUT_COOKIES):
        headers.pop("origin", None)
    return is_allowed(headers, is_secure=is_secure(scope))


def headers_of(scope: Scope) -> dict[str, str]:
    return {
        name.decode("latin1").lower(): value.decode("latin1")
        for name, value in scope.get("headers", [])
    }


def is_secure(scope: Scope) -> bool:
    """Whether the browser speaks TLS, by the proxy's word where we stand behind one."""
    if settings.SECURE_PROXY_SSL_HEADER:
        return headers_of(scope).get("x-forwarded-proto") == "https"
    return scope.get("scheme") in SECURE_SCHEMES


def is_allowed(headers: dict[str, str], *, is_secure: bool) -> bool:
    """Whether this handshake may go on; an origin must be exactly our own or a trusted one."""
    host = headers.get("host", "")
    # Also against a foreign name that resolves to this machine.
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    parts = urlsplit(origin)
    return parts.scheme == ("https" if is_secure else "http") and parts.netloc == host
