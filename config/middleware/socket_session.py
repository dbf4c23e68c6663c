"""The browser's session and its user in a socket's scope, as ``channels.auth`` finds them.

``AuthMiddlewareStack`` around an application stays on the way of every frame and keeps four copies
of the scope for as long as the socket lives, which are kilobytes for each of thousands. So it is
run for its answer alone, before the socket is served.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from channels.auth import AuthMiddlewareStack

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]


class SocketSession:
    """Puts ``cookies``, ``session`` and ``user`` into the scope."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        await self.application(await with_session(scope), receive, send)


async def with_session(scope: Scope) -> Scope:
    """The scope with whoever's session its cookies name; nobody's is an anonymous user's."""
    found: list[Scope] = []

    async def note(scope: Scope, _receive: Any, _send: Any) -> None:
        found.append(scope)

    await AuthMiddlewareStack(note)(scope, None, None)
    return found[0]
