"""The bells of portfolios: that something has changed. Group names start here.

What has changed is read from the database by the sockets themselves, see ``stream_events``.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Iterable
from functools import cache, partial
from typing import Any, Final, TypedDict
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

from market.depth import book_changes

logger = logging.getLogger(__name__)

# More portfolios than this wait only while Valkey is away; then their pages miss a message.
WAITING_MAXIMUM: Final = 10_000
SEND_TIMEOUT_SECONDS: Final = 2.0


class PortfolioChanged(TypedDict):
    """A message of the channel layer."""

    type: str


def portfolio_group(portfolio_id: UUID) -> str:
    """The group of everybody who watches a portfolio."""
    return f"portfolio.{portfolio_id.hex}"


PORTFOLIO_CHANGED: Final[PortfolioChanged] = {"type": "portfolio.changed"}


def ring(portfolio_ids: Iterable[UUID]) -> None:
    """Let the sockets of portfolios look what is new, from a process that does this rarely."""
    async_to_sync(_ring_all)(list(portfolio_ids))


def ring_soon(portfolio_ids: Iterable[UUID]) -> None:
    """The same from a process that does this often: nobody waits, and the bell may be lost."""
    _announcer().announce(portfolio_ids)


def ring_on_commit(portfolio_id: UUID) -> None:
    """Ring for what the transaction at hand does, once it is done."""
    transaction.on_commit(partial(ring, [portfolio_id]), robust=True)


async def _ring_all(portfolio_ids: Iterable[UUID]) -> None:
    layer: Any = get_channel_layer()
    try:
        async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
            for portfolio_id in portfolio_ids:
                await layer.group_send(portfolio_group(portfolio_id), PORTFOLIO_CHANGED)
    except (RedisError, OSError, TimeoutError) as error:
        # Pages read the truth when they are loaded or reconnect.
        logger.warning("Watchers were not told about changed orders: %s", error)


class Announcer:
    """Tells watchers from a thread of its own, so that nobody waits for it.

    What arrives while a message is on its way is told together with the next. The watchers of
    books and those of portfolios do not wait for each other.
    """

    def __init__(self) -> None:
        self._portfolios: dict[UUID, None] = {}  # a set that keeps its order
        self._books: set[int] = set()
        self._lock = threading.Lock()
        self._is_closing = False
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)
        self._thread.start()
        self._is_ready.wait()

    def announce(
        self, portfolio_ids: Iterable[UUID], *, instrument_ids: Iterable[int] = ()
    ) -> None:
        """Tell the watchers of portfolios, and of the books of instruments."""
        with self._lock:
            self._books.update(instrument_ids)
            for portfolio_id in portfolio_ids:
                if len(self._portfolios) < WAITING_MAXIMUM:
                    self._portfolios[portfolio_id] = None
        self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """Tell what waits, then stop."""
        self._is_closing = True
        self._loop.call_soon_threadsafe(self._wake)
        self._thread.join(timeout=2 * SEND_TIMEOUT_SECONDS)

    def _run(self) -> None:
        asyncio.run(self._tell())

    def _wake(self) -> None:
        self._portfolios_wait.set()
        self._books_wait.set()

    async def _tell(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._portfolios_wait, self._books_wait = asyncio.Event(), asyncio.Event()
        self._is_ready.set()
        await asyncio.gather(
            self._keep_telling(self._portfolios_wait, self._tell_of_portfolios),
            self._keep_telling(self._books_wait, self._tell_of_books),
        )

    async def _keep_telling(self, wait: asyncio.Event, tell: Callable[[], Awaitable[None]]) -> None:
        is_last = False
        while not is_last:
            await wait.wait()
            wait.clear()
            is_last = self._is_closing
            await tell()

    async def _tell_of_portfolios(self) -> None:
        with self._lock:
            portfolio_ids, self._portfolios = self._portfolios, {}
        if portfolio_ids:
            await _ring_all(portfolio_ids)

    async def _tell_of_books(self) -> None:
        with self._lock:
            instrument_ids, self._books = self._books, set()
        if instrument_ids:
            await asyncio.to_thread(book_changes.announce, instrument_ids)


@cache
def _announcer() -> Announcer:
    """The process's own; it begins with the first who needs it."""
    return Announcer()


# A child has none of its parent's threads.
os.register_at_fork(after_in_child=_announcer.cache_clear)
