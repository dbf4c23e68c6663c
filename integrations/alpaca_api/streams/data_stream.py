"""``/alpaca/v2/{feed}``: trades, quotes and candles as they come."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from django.conf import settings

from integrations.alpaca_api.streams.feed_wire import (
    FeedError,
    Malformed,
    Message,
    codec_for,
    success,
)
from integrations.alpaca_api.streams.market_feed import MarketFeed, market_feed
from integrations.alpaca_api.streams.sign_in import Credentials, credentials_in, credentials_of
from integrations.alpaca_api.streams.stream_socket import StreamSocket, TooManySockets
from integrations.alpaca_api.streams.subscriptions import ALL, Subscriptions, read_wanted
from market.live.hub_runner import symbols_allowed
from market.live.hub_socket import CloseCode, SocketClose

FRAME_MESSAGES: Final = 500
FEEDS: Final = ("iex", "sip", "delayed_sip", "otc", "boats", "overnight")


class DataStream(StreamSocket):
    """One connection. Every feed of Alpaca's names brings what there is here."""

    _feed: MarketFeed | None = None
    _writer: asyncio.Task[None] | None = None

    async def greet(self) -> None:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in self.scope.get("headers", ())
        }
        self._codec = codec_for(headers.get("content-type", ""))
        self.subscriptions = Subscriptions()
        self._due: deque[Message] = deque()
        self._has_due = asyncio.Event()
        self._is_slow = False
        await self._say(success("connected"))
        if given := credentials_in(headers):
            await self._sign_in(given)

    async def take(self, text: str | None, data: bytes | None) -> None:
        try:
            message = self._codec.decode((data or b"") if text is None else text.encode())
            await self._follow(message)
        except Malformed:
            await self._say(FeedError.INVALID_SYNTAX.message())
            await self.note_malformed()

    async def refuse_late(self) -> None:
        await self._say(FeedError.AUTH_TIMEOUT.message())

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        if self._feed is not None:
            self._feed.leave(self)
        if self._writer is not None:
            self._writer.cancel()

    def offer(self, message: Message) -> None:
        """Send it with whatever else is due; who has too much due is let go."""
        if self.is_ended or self._is_slow:
            return
        self._due.append(message)
        self._is_slow = len(self._due) > settings.LIMITS.stream_waiting_messages
        self._has_due.set()

    async def _follow(self, message: Message) -> None:
        action = message["action"]
        if action in {"auth", "authenticate"}:
            given = credentials_of(message)
            if given is None:
                raise Malformed
            await self._sign_in(given)
        elif self.caller is None or self._feed is None:
            await self._say(FeedError.NOT_AUTHENTICATED.message())
            await self.note_malformed()
        elif action == "subscribe":
            await self._subscribe(message, self._feed, tier=self.caller.user.tier)
        elif action == "unsubscribe":
            self.subscriptions.remove(read_wanted(message))
            self._feed.join(self)
            await self._say_subscriptions()
        else:
            raise Malformed

    async def _sign_in(self, given: Credentials) -> None:
        if self.caller is not None:
            await self._say(FeedError.ALREADY_AUTHENTICATED.message())
            return
        try:
            if not await self.sign_in(given):
                await self._say(FeedError.AUTH_FAILED.message())
                await self.end(SocketClose(CloseCode.SIGNED_OUT, "this key opens nothing here"))
                return
        except TooManySockets as error:
            await self._say(FeedError.CONNECTION_LIMIT.message())
            await self.end(error.reason)
            return
        feed = market_feed()
        await feed.runner.begin()
        self._feed = feed
        await self._say(success("authenticated"))
        self._writer = asyncio.create_task(self._keep_writing(), name="data stream writer")
        feed.join(self)

    async def _subscribe(self, message: Message, feed: MarketFeed, *, tier: str) -> None:
        wanted = read_wanted(message)
        addresses = {address for named in wanted.values() for address in named}
        ids = await resolve(addresses - {ALL}, feed=feed)
        takes_all = ALL in addresses or self.subscriptions.takes_all()
        named = set(ids.values()) | self.subscriptions.instrument_ids()
        wanted_ids = feed.runner.directory.listed_ids() if takes_all else named
        if len(wanted_ids) > symbols_allowed(tier):
            await self._say(FeedError.SYMBOL_LIMIT.message())
            return
        self.subscriptions.add(wanted, ids)
        feed.join(self)
        await self._say_subscriptions()

    async def _say_subscriptions(self) -> None:
        await self._say({"T": "subscription"} | self.subscriptions.listed())

    async def _say(self, message: Message) -> None:
        """A message about the connection itself, alone in its array."""
        await self._send([message])

    async def _send(self, messages: list[Message]) -> None:
        frame = self._codec.encode(messages)
        if self._codec.is_binary:
            await self.send(bytes_data=frame)
        else:
            await self.send(text_data=frame.decode())

    async def _keep_writing(self) -> None:
        while not self.is_ended:
            await self._has_due.wait()
            self._has_due.clear()
            while self._due and not self._is_slow:
                count = min(len(self._due), FRAME_MESSAGES)
                await self._send([self._due.popleft() for _ in range(count)])
            if self._is_slow:
                self._due.clear()
                await self._say(FeedError.SLOW_CLIENT.message())
                await self.end(SocketClose(CloseCode.NOT_READING, "too much is not being read"))


async def resolve(addresses: set[str], *, feed: MarketFeed) -> dict[str, int]:
    """What they mean; an address that means nothing brings nothing, as there."""
    directory = feed.runner.directory
    resolved = directory.resolve(addresses)
    if resolved.unknown:
        await feed.runner.refresh_directory()  # perhaps it was listed a moment ago
        resolved = directory.resolve(addresses)
    return dict(resolved.found)
