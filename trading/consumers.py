"""The socket that tells one portfolio's watchers what changes in it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from accounts.auth import Caller, authenticate_socket
from accounts.socket_access import SocketHolder
from market.live.hub_socket import SocketClose
from portfolio.models import Portfolio
from trading import broadcasts
from trading.broadcasts import PortfolioChanged
from trading.open_sockets import Watch, open_sockets


class PortfolioConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # untyped
    """Sends ids of changed orders, new fills, and that cash has changed; takes nothing in."""

    group: str | None = None
    watch: Watch
    is_ended = False

    async def connect(self) -> None:
        portfolio_id: UUID = self.scope["url_route"]["kwargs"]["portfolio_id"]
        caller = await authenticate_socket(self.scope)
        if caller is None or not await may_watch(caller, portfolio_id):
            await self.close()  # before accept: the handshake is refused
            return
        self.group = broadcasts.portfolio_group(portfolio_id)
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        self.watch = Watch(SocketHolder.of_caller(caller), portfolio_id)
        open_sockets().join(self)

    async def end(self, reason: SocketClose) -> None:
        """Say why, and deliver nothing more."""
        self.is_ended = True
        await self.close(code=reason.code, reason=reason.reason)

    async def disconnect(self, code: int) -> None:
        del code
        open_sockets().leave(self)
        if self.group is not None:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any
    ) -> None:
        """Drop whatever a client says: there is nothing to say here."""
        del text_data, bytes_data

    async def portfolio_changed(self, message: PortfolioChanged) -> None:
        if self.is_ended:
            return
        for order_id in message["order_ids"]:
            await self.send_json({"type": "order", "order_id": order_id})
        for fill in message["fills"]:
            await self.send_json({"type": "fill", **fill})
        if message["is_cash_changed"]:
            await self.send_json({"type": "cash"})


@database_sync_to_async  # type: ignore[untyped-decorator]
def may_watch(caller: Caller, portfolio_id: UUID) -> bool:
    """Whether the portfolio is the caller's, and his key reaches it."""
    return (
        caller.may_use(portfolio_id)
        and Portfolio.objects.for_user(caller.user).filter(id=portfolio_id).exists()
    )
