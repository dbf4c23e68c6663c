"""What both sockets have in common: a sign-in within seconds, limits, and an end."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils import timezone

from accounts import networks
from accounts.auth import Caller, note_socket_caller
from integrations.alpaca_api.streams.sign_in import Credentials, find_caller, watch_of
from market.live.hub_socket import CloseCode, SocketClose
from market.live.socket_crowd import socket_crowd
from market.live.socket_messages import MessageAllowance
from trading.live.open_sockets import Watch, open_sockets


class TooManySockets(Exception):
    """There is no place for another socket: of this user, or at all."""

    def __init__(self, reason: SocketClose) -> None:
        super().__init__(reason.reason)
        self.reason = reason


class StreamSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # untyped
    """One connection, open to anybody for as long as it takes to say who he is."""

    watch: Watch | None = None
    caller: Caller | None = None
    is_ended = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the connection; however it ends, its place is free again."""
        self._crowd, self._watchers = socket_crowd(), open_sockets()
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()

    def _leave(self) -> None:
        self._crowd.leave(self)
        self._watchers.leave(self)

    async def connect(self) -> None:
        limits = settings.LIMITS
        self._malformed_left: int = limits.socket_malformed_messages
        self._allowance = MessageAllowance(
            per_second=limits.socket_messages_per_second,
            burst=limits.socket_message_burst,
            now=time.monotonic(),
        )
        await self.accept()
        self._deadline = asyncio.create_task(self._end_late_sign_in(), name="stream sign-in")
        await self.greet()

    async def greet(self) -> None:
        """What is said before the client says anything: nothing."""

    async def take(self, text: str | None, data: bytes | None) -> None:
        """Do what one message asks."""
        raise NotImplementedError

    async def refuse_late(self) -> None:
        """Say that nobody has signed in; the connection ends after it."""

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any
    ) -> None:
        """Pass on one message, if it is not one too many or too long."""
        if self.is_ended:
            return
        if not self._allowance.spend(now=time.monotonic()):
            await self.end(SocketClose(CloseCode.TOO_MANY_MESSAGES, "too many messages a second"))
        elif len(text_data or bytes_data or "") > settings.LIMITS.socket_message_bytes:
            allowed = settings.LIMITS.socket_message_bytes
            await self.end(SocketClose(CloseCode.TOO_BIG, f"a message may hold {allowed} bytes"))
        else:
            await self.take(text_data, bytes_data)

    async def sign_in(self, given: Credentials) -> bool:
        """Let in whoever has these; false where they open nothing.

        Raises:
            TooManySockets: he has as many as he may, or the process has.
        """
        caller = await database_sync_to_async(find_caller)(
            given, address=networks.socket_address(self.scope), at=timezone.now()
        )
        if caller is None:
            return False
        if reason := self._crowd.admit(self, caller.user.id):
            raise TooManySockets(reason)
        self._deadline.cancel()
        self.caller, self.watch = caller, watch_of(caller)
        note_socket_caller(self.scope, caller)
        self._watchers.join(self)
        return True

    async def note_malformed(self) -> None:
        """Count what could not be understood; too much of it ends the connection."""
        self._malformed_left -= 1
        if self._malformed_left <= 0:
            reason = "malformed messages, again and again"
            await self.end(SocketClose(CloseCode.MALFORMED, reason))

    async def end(self, reason: SocketClose) -> None:
        """Say why, and deliver nothing more."""
        if not self.is_ended:
            self.is_ended = True
            await self.close(code=reason.code, reason=reason.reason)

    async def disconnect(self, code: int) -> None:
        del code
        self.is_ended = True
        self._deadline.cancel()
        self._leave()

    async def _end_late_sign_in(self) -> None:
        await asyncio.sleep(settings.LIMITS.stream_sign_in_seconds)
        await self.refuse_late()
        await self.end(SocketClose(CloseCode.SIGNED_OUT, "nobody has signed in"))
