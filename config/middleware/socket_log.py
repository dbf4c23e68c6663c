"""One log line when a socket opens and one when it closes."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from accounts.auth import SEEN_CALLERS, SeenCaller

logger = logging.getLogger("holdfast.sockets")

ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
KNOWN: Final = (
    "/ws/v1/quotes",
    "/ws/v1/portfolios/{id}",
    "/alpaca/stream",
    "/alpaca/v2/{feed}",
)
FEED: Final = re.compile(r"^/alpaca/v2/[a-z_]+$")
NORMAL: Final = 1000
GONE: Final = 1006

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]


class SocketLog:
    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if not logger.isEnabledFor(logging.INFO):
            await self.application(scope, receive, send)
            return
        conversation = Conversation(scope, receive, send)
        try:
            await self.application(conversation.scope, conversation.hear, conversation.say)
        finally:
            conversation.tell_end()


class Conversation:
    """What passes between a server and one socket; the log hears of its two ends only."""

    __slots__ = (
        "_callers",
        "_code",
        "_heard",
        "_is_open",
        "_receive",
        "_route",
        "_started",
        "real_send",
        "scope",
    )

    def __init__(self, scope: Scope, receive: Any, send: Any) -> None:
        # Routers copy the scope, so what is found out below comes back through this list.
        self._callers: list[SeenCaller] = []
        self.scope = {**scope, SEEN_CALLERS: self._callers}
        self._receive = receive
        # Under this name the server's own is found by market.live.server_transport.
        self.real_send = send
        self._heard = 0
        self._route = route_of(str(scope.get("path", "")))
        self._started = time.monotonic()
        self._is_open = False
        self._code = GONE

    async def hear(self) -> Any:
        self._heard += 1
        # Frames may go past ``say``; who listens on after the handshake has accepted it.
        if self._heard > 1 and not self._is_open and self._code == GONE:
            self._is_open = True
            self._tell("open")
        message = await self._receive()
        if message["type"] == "websocket.disconnect" and self._code == GONE:
            self._code = message.get("code", GONE)
        return message

    async def say(self, message: Any) -> None:
        kind = message["type"]
        if kind == "websocket.accept":
            if not self._is_open:
                self._is_open = True
                self._tell("open")
        elif kind == "websocket.close":
            self._code = message.get("code", NORMAL)
        await self.real_send(message)

    def tell_end(self) -> None:
        self._tell("closed" if self._is_open else "refused", code=self._code)

    def _tell(self, event: str, **facts: int) -> None:
        seconds = round(time.monotonic() - self._started, 1)
        for caller in self._callers[-1:]:
            facts |= {"user_id": str(caller.user_id)}  # type: ignore[dict-item]
            if caller.key_id:
                facts |= {"key_id": str(caller.key_id)}  # type: ignore[dict-item]
        shown = {"event": event, "route": self._route, "seconds": seconds, **facts}
        code = f" {facts['code']}" if "code" in facts else ""
        logger.info("socket %s %s%s", self._route, event, code, extra=shown)


def route_of(path: str) -> str:
    route = ID.sub("{id}", FEED.sub("/alpaca/v2/{feed}", path))
    return route if route in KNOWN else "unknown"
