"""The portfolio sockets of an event loop, and the look at who may no longer have one.

One look for all of them, twice a second, so that revoking a key or signing out ends delivery
within a second wherever the socket is open.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.db import DatabaseError
from django.utils import timezone

from accounts import metrics
from accounts.socket_access import SocketHolder, shut_out
from market.live.hub_socket import CloseCode, SocketClose
from portfolio.models import Portfolio

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.5
WITHDRAWN: Final = SocketClose(CloseCode.SIGNED_OUT, "access was withdrawn")
GONE: Final = SocketClose(CloseCode.NOT_FOUND, "the portfolio is gone")


@dataclass(frozen=True, slots=True)
class Watch:
    """Who watches which portfolio."""

    holder: SocketHolder
    portfolio_id: UUID


class Watcher(Protocol):
    watch: Watch

    async def end(self, reason: SocketClose) -> None: ...


class OpenSockets:
    """Looks while anybody is there; the last one to leave ends the task."""

    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_looking(self) -> bool:
        return self._task is not None and not self._task.done()

    def join(self, watcher: Watcher) -> None:
        self._watchers.add(watcher)
        self._count()
        if not self.is_looking:
            self._task = asyncio.create_task(self._keep_looking(), name="portfolio sockets")

    def leave(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)
        self._count()
        if not self._watchers and self._task is not None:
            self._task.cancel()
            self._task = None

    def _count(self) -> None:
        metrics.sockets_open.labels("portfolio").set(len(self._watchers))

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._close_lost()
            except DatabaseError as error:
                logger.warning("Nobody can tell who lost access to a portfolio: %s", error)
            except Exception:
                logger.exception("The look at portfolio sockets stumbled and goes on")

    async def _close_lost(self) -> None:
        watchers = list(self._watchers)
        reasons = await find_lost({watcher.watch for watcher in watchers})
        for watcher in watchers:
            if reason := reasons.get(watcher.watch):
                self._watchers.discard(watcher)
                await watcher.end(reason)


@database_sync_to_async  # type: ignore[untyped-decorator]
def find_lost(watches: set[Watch]) -> dict[Watch, SocketClose]:
    """Why each of those that have to go must go."""
    lost = shut_out({watch.holder for watch in watches}, at=timezone.now())
    pairs = {(watch.holder.user_id, watch.portfolio_id) for watch in watches}
    visible = Portfolio.objects.visible_pairs(pairs)
    reasons = {}
    for watch in watches:
        if watch.holder in lost:
            reasons[watch] = WITHDRAWN
        elif (watch.holder.user_id, watch.portfolio_id) not in visible:
            reasons[watch] = GONE
    return reasons


_open: WeakKeyDictionary[asyncio.AbstractEventLoop, OpenSockets] = WeakKeyDictionary()


def open_sockets() -> OpenSockets:
    """Those of the running event loop."""
    return _open.setdefault(asyncio.get_running_loop(), OpenSockets())
