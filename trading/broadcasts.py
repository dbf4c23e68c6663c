"""The bells of portfolios: that something has changed. Group names start here.

What has changed is read from the database by the sockets themselves, see ``stream_events``.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class News:
    """What is to be told about one portfolio."""

    order_ids: dict[UUID, None] = field(default_factory=dict)  # a set that keeps its order
    fills: dict[UUID, UUID] = field(default_factory=dict)  # fill → order
    is_cash_changed: bool = False

    def merge(self, later: News) -> None:
        self.order_ids |= later.order_ids
        self.fills |= later.fills
        self.is_cash_changed = self.is_cash_changed or later.is_cash_changed


def portfolio_group(portfolio_id: UUID) -> str:
    """The group of everybody who watches a portfolio."""
    return f"portfolio.{portfolio_id.hex}"


PORTFOLIO_CHANGED: Final[PortfolioChanged] = {"type": "portfolio.changed"}


def orders_changed(news_by_portfolio: dict[UUID, News]) -> None:
    """Tell everybody at once, from a process that does this rarely; see ``Announcer``."""
    async_to_sync(_send_all)(news_by_portfolio)


def cash_changed(portfolio_ids: Iterable[UUID]) -> None:
    orders_changed({portfolio_id: News(is_cash_changed=True) for portfolio_id in portfolio_ids})


def ring(portfolio_ids: Iterable[UUID]) -> None:
    """Let the sockets of portfolios look what is new, from a process that does this rarely."""
    async_to_sync(_send_all)(list(portfolio_ids))


def ring_soon(portfolio_ids: Iterable[UUID]) -> None:
    """The same from a process that does this often: nobody waits, and the bell may be lost."""
    _announcer().announce({portfolio_id: News() for portfolio_id in portfolio_ids})


def ring_on_commit(portfolio_id: UUID) -> None:
    """Ring for what the transaction at hand does, once it is done."""
    transaction.on_commit(partial(ring, [portfolio_id]), robust=True)


async def _send_all(portfolio_ids: Iterable[UUID]) -> None:
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

    What arrives while a message is on its way is told together with the next.
    """

    def __init__(self) -> None:
        self._waiting: dict[UUID, News] = {}
        self._books: set[int] = set()
        self._lock = threading.Lock()
        self._is_closing = False
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)
        self._thread.start()
        self._is_ready.wait()

    def announce(
        self, news_by_portfolio: dict[UUID, News], *, instrument_ids: Iterable[int] = ()
    ) -> None:
        """Tell the watchers of portfolios, and of the books of instruments."""
        with self._lock:
            self._books.update(instrument_ids)
            for portfolio_id, news in news_by_portfolio.items():
                if len(self._waiting) < WAITING_MAXIMUM or portfolio_id in self._waiting:
                    self._waiting.setdefault(portfolio_id, News()).merge(news)
        self._loop.call_soon_threadsafe(self._wake.set)

    def close(self) -> None:
        """Tell what waits, then stop."""
        self._is_closing = True
        self._loop.call_soon_threadsafe(self._wake.set)
        self._thread.join(timeout=2 * SEND_TIMEOUT_SECONDS)

    def _run(self) -> None:
        asyncio.run(self._tell())

    async def _tell(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._is_ready.set()
        while True:
            await self._wake.wait()
            self._wake.clear()
            with self._lock:
                news, self._waiting = self._waiting, {}
                books, self._books = self._books, set()
            # First those whose own orders they are.
            if news:
                await _send_all(news)
            if books:
                await asyncio.to_thread(book_changes.announce, books)
            if self._is_closing:
                return


@cache
def _announcer() -> Announcer:
    """The process's own; it begins with the first who needs it."""
    return Announcer()


# A child has none of its parent's threads.
os.register_at_fork(after_in_child=_announcer.cache_clear)
