"""How many sockets of all kinds are open here, and how many of them are one user's."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings

from market.live.hub_socket import CloseCode, SocketClose

FULL: Final = SocketClose(CloseCode.TRY_LATER, "this server is full")


class SocketCrowd:
    """The sockets of an event loop: of prices, of portfolios and of Alpaca's API together."""

    def __init__(self) -> None:
        self._owners: dict[object, UUID] = {}  # by socket
        self._counts: Counter[UUID] = Counter()

    def admit(self, socket: object, user_id: UUID) -> SocketClose | None:
        """Count a socket in, or say why there is no place for it; then it is not counted."""
        limits = settings.LIMITS
        if len(self._owners) >= limits.sockets_per_process:
            return FULL
        if self._counts[user_id] >= limits.sockets_per_user:
            reason = f"a user may open {limits.sockets_per_user} sockets"
            return SocketClose(CloseCode.TOO_MANY_SOCKETS, reason)
        self._owners[socket] = user_id
        self._counts[user_id] += 1
        return None

    def leave(self, socket: object) -> None:
        """Give its place to another; harmless for one that has none."""
        user_id = self._owners.pop(socket, None)
        if user_id is None:
            return
        self._counts[user_id] -= 1
        if not self._counts[user_id]:
            del self._counts[user_id]


_crowds: WeakKeyDictionary[asyncio.AbstractEventLoop, SocketCrowd] = WeakKeyDictionary()


def socket_crowd() -> SocketCrowd:
    """That of the running event loop."""
    return _crowds.setdefault(asyncio.get_running_loop(), SocketCrowd())
