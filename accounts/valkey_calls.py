"""The calls to Valkey that nearly every request makes, for less than a pool of clients costs.

Each thread keeps a connection of its own, so nothing is borrowed, locked or given back: a call is
its bytes out and its answer in. What is called seldom goes through a client as usual.
"""

from __future__ import annotations

import threading
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

Word = str | bytes | int


class ValkeyCalls:
    """Sends commands and waits for each answer, on the calling thread's connection."""

    def __init__(self, *, timeout_seconds: float) -> None:
        self._timeout_seconds: Final = timeout_seconds
        self._of_thread: Final = threading.local()

    def call(self, url: str, *words: Word) -> Any:
        """Send one command; a connection that died while it lay idle is replaced once.

        Raises:
            redis.RedisError: Valkey is away, too slow, or refuses the command.
        """
        connection = self._connection(url)
        is_old = connection.is_connected
        try:
            return self._send(connection, words)
        except redis.ConnectionError:
            if not is_old:
                raise
        return self._send(connection, words)

    def _send(self, connection: Any, words: tuple[Word, ...]) -> Any:
        connection.send_command(*words)
        return connection.read_response()

    def _connection(self, url: str) -> Any:
        if getattr(self._of_thread, "url", None) != url:
            client = redis.Redis.from_url(
                url,
                socket_timeout=self._timeout_seconds,
                socket_connect_timeout=self._timeout_seconds,
                retry=Retry(NoBackoff(), 0),
            )
            self._of_thread.connection = client.connection_pool.make_connection()
            self._of_thread.url = url
        return self._of_thread.connection


class ValkeyMessages(ValkeyCalls):
    """Sends commands that nobody answers, so it waits for nothing.

    One that is lost on the way, as the connection dies, is lost without a word.
    """

    def _send(self, connection: Any, words: tuple[Word, ...]) -> None:
        if not connection.is_connected:
            connection.connect()
            connection.send_command("CLIENT", "REPLY", "OFF")
        connection.send_command(*words, check_health=False)
