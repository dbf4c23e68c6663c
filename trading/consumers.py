"""The socket that tells one portfolio's watchers what changes in it.

A message of the channel layer is a bell only; what is told is read from the database, so a bell
that was lost costs time and nothing else.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings

from accounts.auth import Caller, authenticate_socket
from accounts.roles import Role
from accounts.socket_access import SocketHolder
from market.live.hub_socket import CloseCode, SocketClose
from market.live.socket_crowd import socket_crowd
from market.live.socket_messages import MalformedMessage, MessageAllowance
from portfolio.models import Portfolio
from trading import broadcasts
from trading.broadcasts import PortfolioChanged
from trading.live.open_sockets import Watch, open_sockets
from trading.live.resuming import read_since
from trading.live.stream_events import Stretch, current_horizon, messages_of, read_stretch
from trading.live.telling import keep_telling


class PortfolioConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # untyped
    """Sends ids of changed orders, fills and alerts, and that positions or cash have changed.

    Takes ``{"since": seq}`` once, to be told what happened from there on.
    """

    group: str | None = None
    watch: Watch
    is_ended = False
    _teller: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the connection; however it ends, its place is free again."""
        self._crowd, self._watchers = socket_crowd(), open_sockets()
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()

    async def connect(self) -> None:
        portfolio_id: UUID = self.scope["url_route"]["kwargs"]["portfolio_id"]
        caller = await authenticate_socket(self.scope)
        if caller is None or not await may_watch(caller, portfolio_id):
            await self.close()  # before accept: the handshake is refused
            return
        if reason := self._crowd.admit(self, caller.user.id):
            await self.accept()  # a reason is told to those who were let in
            await self.end(reason)
            return
        self.watch = Watch(SocketHolder.of_caller(caller), portfolio_id)
        self.group = broadcasts.portfolio_group(portfolio_id)
        await self.channel_layer.group_add(self.group, self.channel_name)
        # After that: what happens from now on rings, or is read.
        self._cursor: int = await database_sync_to_async(current_horizon)()
        await self.accept()
        await self._begin()

    async def _begin(self) -> None:
        """Greet, and tell what happens from now on."""
        self._told: set[tuple[str, str]] = set()
        self._since: int | None = None
        self._may_replay = True
        limits = settings.LIMITS
        self._malformed_left: int = limits.socket_malformed_messages
        self._allowance = MessageAllowance(
            per_second=limits.socket_messages_per_second,
            burst=limits.socket_message_burst,
            now=time.monotonic(),
        )
        self._bell = asyncio.Event()
        await self.send_json({"type": "hello", "seq": self._cursor})
        self._watchers.join(self)
        telling = keep_telling(
            self._bell, self._tell, is_ended=lambda: self.is_ended, what="a portfolio"
        )
        self._teller = asyncio.create_task(telling, name="portfolio stream")

    async def end(self, reason: SocketClose) -> None:
        """Say why, and deliver nothing more."""
        self.is_ended = True
        await self.close(code=reason.code, reason=reason.reason)

    async def disconnect(self, code: int) -> None:
        del code
        self._leave()
        if self.group is not None:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    def _leave(self) -> None:
        self._crowd.leave(self)
        self._watchers.leave(self)
        if self._teller is not None:
            self._teller.cancel()

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any
    ) -> None:
        """Note from where on to tell again, or answer why not."""
        del bytes_data
        if self.is_ended:
            return
        if not self._allowance.spend(now=time.monotonic()):
            await self.end(SocketClose(CloseCode.TOO_MANY_MESSAGES, "too many messages a second"))
            return
        try:
            since = read_since(text_data)
        except MalformedMessage as error:
            await self._complain("malformed", str(error))
            return
        if not self._may_replay:
            await self._complain("since_repeated", "A connection is told again once; open another.")
            return
        self._may_replay = False
        self._since = since
        self._bell.set()

    async def _complain(self, code: str, message: str) -> None:
        self._malformed_left -= 1
        if self._malformed_left <= 0:
            await self.end(SocketClose(CloseCode.MALFORMED, "malformed messages, again and again"))
            return
        body = {"type": "error", "code": code, "message": message, "seq": self._cursor}
        await self.send_json(body)

    async def portfolio_changed(self, message: PortfolioChanged) -> None:
        del message
        self._bell.set()

    async def _tell(self) -> None:
        """Send what happened since the last time, or since the point asked for."""
        since = self._since
        start = self._cursor if since is None else since
        stretch: Stretch = await database_sync_to_async(read_stretch)(
            self.watch.portfolio_id, since=start, watcher_id=self.watch.holder.user_id
        )
        if self.is_ended:
            return
        if since is not None:
            self._since = None  # not before: what could not be read is asked for again
        if stretch.events is None:
            await self.send_json({"type": "resync", "seq": stretch.horizon})
        elif since is not None:
            await self.send_json({"type": "replaying", "seq": since})
        # A replay is whole: what was told before it came in between, and belongs further down.
        for message in messages_of(stretch, told=self._told if since is None else ()):
            await self.send_json(message)
        if since is not None and stretch.events is not None:
            await self.send_json({"type": "replayed", "seq": stretch.horizon})
        self._cursor = stretch.horizon
        self._told = {it.key for it in stretch.events or () if it.xid >= stretch.horizon}


@database_sync_to_async  # type: ignore[untyped-decorator]
def may_watch(caller: Caller, portfolio_id: UUID) -> bool:
    """Whether the portfolio is the caller's or shared with him, and his key reaches it."""
    return (
        caller.may_use(portfolio_id)
        and Portfolio.objects.for_user(caller.user, Role.VIEWER).filter(id=portfolio_id).exists()
    )
