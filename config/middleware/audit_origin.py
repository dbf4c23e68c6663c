"""Who acts in a request or on a socket, for what they record; see accounts/audit.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from accounts import audit, networks
from accounts.audit import Origin, Via
from accounts.auth import SEEN_CALLERS, Caller, SeenCaller
from accounts.http import client_address, request_id

API_PREFIXES: Final = ("/api/", "/alpaca/")
ADMIN: Final = "admin"  # the admin's application namespace

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]


class AuditOriginMiddleware:
    """For pages, the API and the admin."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = audit.enter(partial(origin_of_request, request))
        try:
            return self.get_response(request)
        finally:
            audit.leave(token)


def origin_of_request(request: HttpRequest) -> Origin:
    """Who the request speaks for now: the caller of its key, or whoever its session is of."""
    address, name = client_address(request), request_id(request)
    if request.path.startswith(API_PREFIXES):
        caller = getattr(request, "auth", None)
        if not isinstance(caller, Caller):
            return Origin(Via.API, address=address, request_id=name)
        return Origin(Via.API, caller.user.id, caller.key_id, address, name)
    matched = request.resolver_match
    via = Via.ADMIN if matched and ADMIN in matched.app_names else Via.PAGE
    user = getattr(request, "user", None)
    actor_id = user.id if user is not None and user.is_authenticated else None
    return Origin(via, actor_id, None, address, name)


class SocketAuditOrigin:
    """For sockets; within the session's middleware, so that the user is known."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        # Not into a copy: it would be kept for as long as the socket lives.
        callers = scope.setdefault(SEEN_CALLERS, [])
        token = audit.enter(SocketOrigin(callers, signed_in(scope), networks.socket_address(scope)))
        try:
            await self.application(scope, receive, send)
        finally:
            audit.leave(token)


@dataclass(frozen=True, slots=True)
class SocketOrigin:
    """A key's owner once a key has opened the socket, before it whoever's session it came with."""

    callers: list[SeenCaller]  # filled by who authenticates
    user_id: UUID | None
    address: str

    def __call__(self) -> Origin:
        if not self.callers:
            return Origin(Via.SOCKET, self.user_id, None, self.address)
        caller = self.callers[-1]
        return Origin(Via.SOCKET, caller.user_id, caller.key_id, self.address)


def signed_in(scope: Scope) -> UUID | None:
    user = scope.get("user")
    return user.id if user is not None and user.is_authenticated else None
