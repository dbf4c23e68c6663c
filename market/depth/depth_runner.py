"""What drives the books and tapes of a socket process: reads from the database, when needed.

Resting orders are read for books that somebody follows: at its beginning, when a matcher tells
of a change, and every two seconds in case that was not heard. Stored trades are read at a
tape's beginning and twice later, when those that were then on their way have been stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Final

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from market.depth.depth_hub import DepthHub
from market.depth.depth_mailbox import DepthMailbox
from market.depth.order_books import RestingOrders
from market.depth.resting_orders import resting_order_source
from market.depth.tape import newest_trades
from market.live.hub_socket import HubSocket
from market.live.price_hub import PriceHub

LOOK_SECONDS: Final = 2.0
# Between two reads, so that a busy matcher costs ten small queries a second at most.
REST_SECONDS: Final = 0.1
TAPE_READS: Final = 3
TAPE_SECONDS: Final = 1.0


class DepthRunner:
    """One process's books and tapes, and the tasks that keep them."""

    def __init__(self, prices: PriceHub) -> None:
        limits = settings.LIMITS
        self.hub = DepthHub(prices=prices, levels=limits.book_levels, trades=limits.tape_trades)
        self._trades = limits.tape_trades
        self._source = resting_order_source()
        self._changed: set[int] = set()
        self._has_changed = asyncio.Event()
        self._reads_left: dict[int, int] = {}  # of tapes, by instrument
        self._has_tapes = asyncio.Event()

    @property
    def works(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """The tasks to keep going."""
        return (self._keep_books, self._keep_tapes)

    def make_mailbox(self, socket: HubSocket) -> DepthMailbox:
        return DepthMailbox(self.hub, wake=socket.wake)

    def begin(self, kind: str, instrument_id: int | None) -> None:
        """Read what a follower needs first, unless it is there already."""
        if kind == "book":
            book = None if instrument_id is None else self.hub.books.get(instrument_id)
            if book is not None and not book.has_begun:
                self.note_changed([book.symbol.instrument_id])
        elif instrument_id is not None and not self.hub.tapes[instrument_id].has_begun:
            self._read_tapes([instrument_id])

    def note_changed(self, instrument_ids: Iterable[int]) -> None:
        """Resting orders of these have changed."""
        self._changed.update(number for number in instrument_ids if number in self.hub.books)
        if self._changed:
            self._has_changed.set()

    def begin_anew(self) -> None:
        """Read everything again, for something may have been missed."""
        self.note_changed(self.hub.books)
        self._read_tapes(self.hub.tapes)

    def _read_tapes(self, instrument_ids: Iterable[int]) -> None:
        self._reads_left |= dict.fromkeys(instrument_ids, TAPE_READS)
        if self._reads_left:
            self._has_tapes.set()

    async def _keep_books(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._has_changed.wait(), LOOK_SECONDS)
            is_told = self._has_changed.is_set()
            self._has_changed.clear()
            wanted = self._changed & self.hub.books.keys() if is_told else set(self.hub.books)
            self._changed = set()
            if wanted:
                await self._read_books(wanted)
                await asyncio.sleep(REST_SECONDS)

    async def _read_books(self, wanted: set[int]) -> None:
        """Raises:
        DatabaseError: the orders could not be read; the books go on with what they had.
        """
        found: dict[int, RestingOrders] = {}
        try:
            found = await database_sync_to_async(self._source.resting_orders)(
                wanted, depth=self.hub.levels, at=timezone.now()
            )
        except DatabaseError:
            for book in self.hub.books.values():
                book.has_begun = True
            raise
        for instrument_id in wanted & self.hub.books.keys():
            self.hub.books[instrument_id].replace_resting(found.get(instrument_id, RestingOrders()))

    async def _keep_tapes(self) -> None:
        while True:
            with suppress(TimeoutError):
                pause = TAPE_SECONDS if self._reads_left else None
                await asyncio.wait_for(self._has_tapes.wait(), pause)
            self._has_tapes.clear()
            for instrument_id in list(self._reads_left):
                await self._read_tape(instrument_id)

    async def _read_tape(self, instrument_id: int) -> None:
        """Raises:
        DatabaseError: the trades could not be read; the tape begins with what it hears.
        """
        try:
            stored = await database_sync_to_async(newest_trades)(instrument_id, limit=self._trades)
        except DatabaseError:
            for tape in self.hub.tapes.values():
                tape.has_begun = True
            raise
        self._reads_left[instrument_id] -= 1
        if not self._reads_left[instrument_id]:
            del self._reads_left[instrument_id]
        followed = self.hub.tapes.get(instrument_id)
        if followed is not None:
            followed.take_in(stored)
            followed.has_begun = True
