"""What the data sockets of an event loop hear: trades, quotes, candles, and when trading stops.

It stands beside the hub of prices and hears what that one hears. Nothing is conflated: whoever
falls too far behind is let go, as Alpaca does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.db import DatabaseError
from django.utils import timezone

from integrations.alpaca_api.data_json import quote_message, trade_message
from integrations.alpaca_api.streams.audience import Audience, Subscriber
from integrations.alpaca_api.streams.feed_rows import day_bars, minute_bars
from integrations.alpaca_api.streams.feed_wire import Message
from integrations.alpaca_api.streams.trading_status import StatusWatch
from market.live.hub_runner import HubRunner, hub_runner
from market.live.price_listener import Quotes, Ticks

logger = logging.getLogger(__name__)

MINUTE: Final = timedelta(minutes=1)
# The feeds write every quarter of a second; a late trade changes a candle within half a minute.
CLOSED_AFTER: Final = timedelta(seconds=2)
LATE_AFTER: Final = timedelta(seconds=30)
# How soon a halt, or the bell of an exchange, is told to whoever asked for it.
STATUS_SECONDS: Final = 2.0


class MarketFeed:
    """All data sockets of one event loop. Every method belongs to its thread."""

    def __init__(self, runner: HubRunner) -> None:
        self._runner = runner
        self._audience = Audience()
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._told: dict[int, Message] = {}  # candles of the minute that closed last
        self._statuses = StatusWatch()

    @property
    def has_subscribers(self) -> bool:
        return bool(self._audience)

    @property
    def runner(self) -> HubRunner:
        return self._runner

    def join(self, subscriber: Subscriber) -> None:
        """Tell him what he is subscribed to; to be called again whenever that changes."""
        self._audience.note(subscriber)
        self._runner.taps.add(self)
        if not self._tasks:
            self._tasks = (
                asyncio.create_task(self._keep_time(), name="candles of data sockets"),
                asyncio.create_task(self._keep_watch(), name="statuses of data sockets"),
            )

    def leave(self, subscriber: Subscriber) -> None:
        self._audience.forget(subscriber)
        if not self._audience:
            self._runner.taps.discard(self)
            for task in self._tasks:
                task.cancel()
            self._tasks = ()

    # What the hub hears.

    def take_quotes(self, quotes: Quotes) -> None:
        for quote in quotes:
            self._offer("quotes", quote["instrument_id"], quote_message, quote)

    def take_ticks(self, ticks: Ticks) -> None:
        for tick in ticks:
            self._offer("trades", tick["instrument_id"], trade_message, tick)

    def _offer(self, channel: str, instrument_id: int, make: Any, heard: Mapping[str, Any]) -> None:
        """Make the message at most once, and only if somebody wants it."""
        message: Message | None = None
        for subscriber, address in self._who_wants(channel, instrument_id):
            if message is None:
                message = make(heard)
            subscriber.offer({"S": address} | message)

    def _who_wants(self, channel: str, instrument_id: int) -> Iterable[tuple[Subscriber, str]]:
        usual = self._runner.directory.known_address_of(instrument_id)
        if usual is None:
            return ()
        return self._audience.hearers(channel, instrument_id, usual=usual)

    # What the clock brings.

    async def _keep_time(self) -> None:
        while True:
            now = timezone.now()
            minute = now.replace(second=0, microsecond=0)
            try:
                await self._wait_until(minute + MINUTE + CLOSED_AFTER)
                await self.tell_minute(minute)
                await self._wait_until(minute + MINUTE + LATE_AFTER)
                await self.tell_corrections(minute)
            except DatabaseError as error:
                logger.warning("The candles of a minute could not be read: %s", error)
            except Exception:
                logger.exception("The candles of a minute were not told")
            # From here the next turn waits for the minute that goes on now.

    async def _wait_until(self, at: datetime) -> None:
        await asyncio.sleep(max(0.0, (at - timezone.now()).total_seconds()))

    async def tell_minute(self, minute: datetime) -> None:
        """Tell the candles of a minute that has closed, and those of its day."""
        wanted = self._wanted("bars", "updatedBars")
        self._told = await database_sync_to_async(minute_bars)(wanted, opened_at=minute)
        self._tell("bars", "b", self._told)
        days = self._wanted("dailyBars")
        found = await database_sync_to_async(day_bars)(days, since=minute)
        self._tell("dailyBars", "d", found)

    async def _keep_watch(self) -> None:
        while True:
            try:
                await self.tell_statuses()
            except DatabaseError as error:
                logger.warning("Who trades could not be read: %s", error)
            except Exception:
                logger.exception("Who trades was not told")
            await asyncio.sleep(STATUS_SECONDS)

    async def tell_statuses(self) -> None:
        """Tell what trades since the last look, and what has stopped; nobody asks, nobody looks."""
        watched = self._wanted("statuses")
        if watched:
            look = database_sync_to_async(self._statuses.changes)
            self._tell("statuses", "s", await look(watched, at=timezone.now()))

    async def tell_corrections(self, minute: datetime) -> None:
        """Tell those candles again that a late trade has changed."""
        wanted = self._wanted("updatedBars")
        found = await database_sync_to_async(minute_bars)(wanted, opened_at=minute)
        changed = {number: bar for number, bar in found.items() if self._told.get(number) != bar}
        self._told |= found
        self._tell("updatedBars", "u", changed)

    def _wanted(self, *channels: str) -> set[int]:
        wanted: set[int] = set()
        for subscriber in self._audience:
            if subscriber.subscriptions.takes_all(*channels):
                return self._runner.directory.listed_ids()
            wanted |= subscriber.subscriptions.instrument_ids(*channels)
        return wanted

    def _tell(self, channel: str, kind: str, messages: Mapping[int, Message]) -> None:
        for number, message in messages.items():
            for subscriber, address in self._who_wants(channel, number):
                subscriber.offer({"T": kind, "S": address} | message)


_feeds: WeakKeyDictionary[asyncio.AbstractEventLoop, MarketFeed] = WeakKeyDictionary()


def market_feed() -> MarketFeed:
    """That of the running event loop."""
    loop, runner = asyncio.get_running_loop(), hub_runner()
    feed = _feeds.get(loop)
    if feed is None or feed.runner is not runner:
        feed = _feeds[loop] = MarketFeed(runner)
    return feed
