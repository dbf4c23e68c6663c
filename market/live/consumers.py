"""The socket of live prices, ``/ws/v1/quotes``.

A bare ASGI application instead of a Channels consumer: a frame then passes no dispatcher and no
channel layer, only the server. It runs under Daphne and uvicorn alike; docs/live-prices.md has
the messages and the close codes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from django.conf import settings

from accounts.auth import Caller, authenticate_socket
from accounts.socket_access import SocketHolder
from market.depth.depth_mailbox import DepthMailbox
from market.instruments.instrument_directory import Resolution
from market.live.hub_runner import HubRunner, hub_runner, symbols_allowed, too_many_symbols
from market.live.hub_socket import CloseCode, HubSocket, Send, SocketClose
from market.live.server_transport import ServerLine, bound_kernel_buffer, server_send
from market.live.socket_crowd import socket_crowd
from market.live.socket_messages import (
    MalformedMessage,
    MessageAllowance,
    SocketRequest,
    error_text,
    read_request,
)

logger = logging.getLogger(__name__)

AFTER_CLOSE: Final = "after sending 'websocket.close'"

Receive = Callable[[], Awaitable[Any]]


class QuoteConsumer:
    """One connection of ``/ws/v1/quotes``."""

    __slots__ = (
        "_crowd",
        "_depth",
        "_malformed_left",
        "_message_bytes",
        "_messages",
        "_runner",
        "_tier_at_first",
        "socket",
    )

    def __init__(self, *, caller: Caller, runner: HubRunner, send: Send) -> None:
        limits = settings.LIMITS
        self._runner = runner
        self._tier_at_first = caller.user.tier
        self._message_bytes: int = limits.socket_message_bytes
        self._malformed_left: int = limits.socket_malformed_messages
        self._messages = MessageAllowance(
            per_second=limits.socket_messages_per_second,
            burst=limits.socket_message_burst,
            now=time.monotonic(),
        )
        self._depth: DepthMailbox | None = None
        self._crowd = socket_crowd()
        self.socket = runner.make_socket(
            holder=SocketHolder.of_caller(caller), line=ServerLine.behind(send)
        )

    @classmethod
    def as_asgi(cls) -> Any:  # Django's stubs know paths to views only
        return serve_quotes

    def enter(self) -> None:
        """Take a place among the others, or close for want of one."""
        if reason := self._crowd.admit(self.socket, self.socket.holder.user_id):
            self.socket.close(reason)
        else:
            self._runner.hub.join(self.socket)

    async def take(self, text: str | None) -> None:
        """Do what one message of the client asks, or answer why not."""
        if not self._messages.spend(now=time.monotonic()):
            self._close(CloseCode.TOO_MANY_MESSAGES, "too many messages a second")
        elif text is not None and len(text) > self._message_bytes:
            self._close(CloseCode.TOO_BIG, f"a message may hold {self._message_bytes} bytes")
        else:
            try:
                await self._follow(read_request(text))
            except MalformedMessage as error:
                self._complain(error)

    async def _follow(self, request: SocketRequest) -> None:
        if request.ack is not None:
            self.socket.acknowledge(request.ack)
        if request.unsubscribe:
            gone = self._runner.directory.resolve(request.unsubscribe)
            self._runner.hub.unwatch(self.socket, gone.found.values())
        if request.subscribe:
            await self._subscribe(request.subscribe)
        for kind, address in request.follow.items():
            await self._follow_depth(kind, address)

    async def _subscribe(self, addresses: tuple[str, ...]) -> None:
        resolved = await self._resolve(addresses)
        watched = {symbol.instrument_id for symbol in self.socket.symbols}
        tier = self._runner.tier_of(self.socket.holder.user_id, at_first=self._tier_at_first)
        if len(watched.union(resolved.found.values())) > symbols_allowed(tier):
            self.socket.close(too_many_symbols(tier))
            return
        self._say_what_is_missing(resolved)
        if resolved.found:
            self._runner.hub.watch(self.socket, resolved.found.values())

    async def _follow_depth(self, kind: str, address: str | None) -> None:
        """Follow the book or the tape of one instrument, instead of another's, or of none."""
        instrument_id = None
        if address is not None:
            resolved = await self._resolve((address,))
            self._say_what_is_missing(resolved)
            if not resolved.found:
                return
            instrument_id = resolved.found[address]
        if self._depth is None:
            self.socket.depth = self._depth = self._runner.depth.make_mailbox(self.socket)
        if kind == "book":
            self._depth.follow_book(instrument_id)
        else:
            self._depth.follow_tape(instrument_id)
        self._runner.depth.begin(kind, instrument_id)

    async def _resolve(self, addresses: tuple[str, ...]) -> Resolution:
        directory = self._runner.directory
        resolved = directory.resolve(addresses)
        if resolved.unknown:
            # Perhaps it was listed a moment ago.
            await self._runner.refresh_directory()
            resolved = directory.resolve(addresses)
        return resolved

    def leave(self) -> None:
        """The socket is gone."""
        self._crowd.leave(self.socket)
        self._runner.hub.leave(self.socket)
        if self._depth is not None:
            self._depth.leave()

    def _say_what_is_missing(self, resolved: Resolution) -> None:
        if resolved.unknown:
            message = f"No instrument is called {', '.join(resolved.unknown)}."
            self._answer("unknown_symbol", message, resolved.unknown)
        if resolved.ambiguous:
            message = "Several exchanges list this; name one, as in XNAS:AAPL."
            self._answer("ambiguous_symbol", message, resolved.ambiguous)

    def _complain(self, error: MalformedMessage) -> None:
        self._malformed_left -= 1
        if self._malformed_left <= 0:
            self._close(CloseCode.MALFORMED, "malformed messages, again and again")
        else:
            self._answer("malformed", str(error), ())

    def _answer(self, code: str, message: str, symbols: tuple[str, ...]) -> None:
        self.socket.notify(error_text(code, message, symbols))

    def _close(self, code: CloseCode, reason: str) -> None:
        self.socket.close(SocketClose(code, reason))


async def serve_quotes(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Serve one connection from its handshake to its end."""
    await receive()  # websocket.connect
    caller = await authenticate_socket(scope)
    if caller is None:
        await send({"type": "websocket.close"})  # before accept: the handshake is refused
        return
    runner = hub_runner()
    await runner.begin()
    send = server_send(send)
    await send({"type": "websocket.accept"})
    bound_kernel_buffer(send)
    consumer = QuoteConsumer(caller=caller, runner=runner, send=send)
    # The scope holds headers, session and user; thousands of sockets need not keep them.
    del scope, caller
    await converse(consumer, receive, send)


async def converse(consumer: QuoteConsumer, receive: Receive, send: Send) -> None:
    socket = consumer.socket
    consumer.enter()
    writer = asyncio.create_task(write(socket, send))
    try:
        while (message := await receive())["type"] == "websocket.receive":
            if not socket.is_closing:
                await consumer.take(message.get("text"))
    finally:
        consumer.leave()
        writer.cancel()
        if socket.is_closing:
            # Nobody looks after it any more, and the server would wait for as long as it lives.
            patience_seconds = settings.LIMITS.socket_stall_timeout_seconds
            asyncio.get_running_loop().call_later(patience_seconds, socket.abort_if_stuck)


async def write(socket: HubSocket, send: Send) -> None:
    """Run the socket's writer; whatever goes wrong ends this socket and no other."""
    try:
        await socket.write(send)
    except OSError:
        logger.debug("A client of live prices went away while being sent to")
    except Exception as error:
        # uvicorn's words for a client that has just closed, where ASGI asks for an OSError.
        if isinstance(error, RuntimeError) and AFTER_CLOSE in str(error):
            logger.debug("A client of live prices closed while being sent to")
            return
        logger.exception("The writer of a price socket failed")
        socket.abort()
