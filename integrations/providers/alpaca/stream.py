"""One connection to Alpaca's market-data stream, that comes back by itself.

A thread connects, signs in, subscribes to what is wanted, and hands on what arrives. It waits for
whoever takes it: where nobody does in time, Alpaca closes the connection as too slow, which is a
lost connection like any other.
"""

from __future__ import annotations

import json
import logging
import queue
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from django.conf import settings
from websockets.exceptions import ConnectionClosed

from integrations.http import RequestFailed
from integrations.providers.alpaca.messages import (
    ERROR,
    QUOTE,
    SUCCESS,
    TRADE,
    Message,
    control_of,
    read_frame,
)
from integrations.web_sockets import open_web_socket
from market.intake.bar_providers import BadAnswer

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.25  # how soon a changed list, or the end, is seen
FRAMES: Final = 1_000  # that wait to be taken
SYMBOLS_AT_ONCE: Final = 400  # a message of subscriptions stays within 16 KB


class StreamRefused(RequestFailed):
    """It does not let us in: the key is wrong, has no right to the feed, or is used elsewhere."""


class AlpacaStream:
    """Trades and quotes of the wanted symbols, from ``start`` to ``stop``."""

    def __init__(self, *, on_connected: Callable[[], None]) -> None:
        self._on_connected = on_connected  # called in the stream's thread, each time
        self._wanted: frozenset[str] = frozenset()
        self._frames: queue.Queue[list[Message]] = queue.Queue(maxsize=FRAMES)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alpaca stream", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, timeout_seconds: float) -> None:
        self._over.set()
        self._thread.join(timeout_seconds)

    def want(self, symbols: Iterable[str]) -> None:
        """Subscribe to exactly these from now on."""
        self._wanted = frozenset(symbols)

    def take(self, *, seconds: float) -> list[Message]:
        """What has arrived, waiting for the first of it; empty after ``seconds``."""
        try:
            found = list(self._frames.get(timeout=seconds))
        except queue.Empty:
            return []
        while not self._frames.empty():
            found += self._frames.get_nowait()
        return found

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._over.is_set():
            try:
                with self._open() as socket:
                    pause = FIRST_PAUSE_SECONDS
                    self._on_connected()
                    self._listen(socket)
            except StreamRefused as error:
                logger.error("Alpaca's stream refuses us: %s", error)  # noqa: TRY400 - no trace
                pause = LONGEST_PAUSE_SECONDS
            except (RequestFailed, BadAnswer, ConnectionClosed) as error:
                logger.warning("Alpaca's stream is lost, it is tried again: %s", error)
            except Exception:
                logger.exception("Alpaca's stream failed, it is tried again")
            # By chance, so that many do not return at once.
            self._over.wait(pause * random.uniform(0.5, 1))  # noqa: S311 # nosec B311
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    @contextmanager
    def _open(self) -> Iterator[ClientConnection]:
        """A connection that has let us in.

        Raises:
            StreamRefused: the key does not open it.
            RequestFailed: there is no connection.
            BadAnswer: what answers is no such stream.
        """
        if not (settings.ALPACA_DATA_KEY and settings.ALPACA_DATA_SECRET):
            raise StreamRefused("ALPACA_DATA_KEY and ALPACA_DATA_SECRET are not set.")
        limits = settings.LIMITS
        url = f"{settings.ALPACA_STREAM_URL.rstrip('/')}/v2/{settings.ALPACA_DATA_FEED}"
        seconds = limits.provider_answer_seconds
        with open_web_socket(url, seconds=seconds, size=limits.provider_answer_bytes) as socket:
            await_success(socket, "connected", seconds=seconds)
            key = {"key": settings.ALPACA_DATA_KEY, "secret": settings.ALPACA_DATA_SECRET}
            socket.send(json.dumps({"action": "auth", **key}))
            await_success(socket, "authenticated", seconds=seconds)
            yield socket

    def _listen(self, socket: ClientConnection) -> None:
        subscribed: frozenset[str] = frozenset()
        while not self._over.is_set():
            if (wanted := self._wanted) != subscribed:
                subscribe(socket, "unsubscribe", subscribed - wanted)
                subscribe(socket, "subscribe", wanted - subscribed)
                subscribed = wanted
            try:
                messages = read_frame(socket.recv(timeout=LOOK_SECONDS))
            except TimeoutError:
                continue
            for message in messages:
                kind, words = control_of(message)
                if kind == ERROR:
                    logger.error("Alpaca's stream says: %s", words)
            self._hand_on([one for one in messages if one.get("T") in {TRADE, QUOTE}])

    def _hand_on(self, messages: list[Message]) -> None:
        while messages and not self._over.is_set():
            try:
                self._frames.put(messages, timeout=LOOK_SECONDS)
            except queue.Full:
                continue
            return


def await_success(socket: ClientConnection, wanted: str, *, seconds: float) -> None:
    """Raises:
    StreamRefused: it says an error.
    BadAnswer: it says something else, or nothing.
    """
    try:
        messages = read_frame(socket.recv(timeout=seconds))
    except TimeoutError as error:
        raise BadAnswer(f"alpaca: the stream did not say {wanted!r}.") from error
    for message in messages:
        kind, words = control_of(message)
        if kind == ERROR:
            raise StreamRefused(words)
        if (kind, words) == (SUCCESS, wanted):
            return
    raise BadAnswer(f"alpaca: the stream did not say {wanted!r}.")


def subscribe(socket: ClientConnection, action: str, symbols: Iterable[str]) -> None:
    names = sorted(symbols)
    for begin in range(0, len(names), SYMBOLS_AT_ONCE):
        part = names[begin : begin + SYMBOLS_AT_ONCE]
        socket.send(json.dumps({"action": action, "trades": part, "quotes": part}))
