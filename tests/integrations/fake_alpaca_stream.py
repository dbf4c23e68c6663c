"""Alpaca's market-data stream on this machine, and its faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

KEY = {"key": "id", "secret": "secret"}
SUCCESS = {"T": "success"}


@dataclass
class FakeAlpacaStream:
    """Lets the right key in, keeps what is subscribed to, says what it is told to say."""

    refusals: list[dict[str, Any]] = field(default_factory=list)  # said instead of letting in
    greetings: list[str] = field(default_factory=list)  # said instead of the right one, once each
    paths: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    connections: list[ServerConnection] = field(default_factory=list)
    subscribed: set[str] = field(default_factory=set)
    url: str = ""

    def serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.paths.append(socket.request.path)
        if self.greetings:
            socket.send(self.greetings.pop(0))
            return
        socket.send(json.dumps([SUCCESS | {"msg": "connected"}]))
        try:
            self._let_in(socket)
            for text in socket:
                self._take(socket, json.loads(text))
        except ConnectionClosed:
            pass

    def _let_in(self, socket: ServerConnection) -> None:
        words = json.loads(socket.recv())
        self.asked.append(words)
        refusal = self.refusals.pop(0) if self.refusals else None
        if words != {"action": "auth", **KEY}:
            refusal = {"code": 402, "msg": "auth failed"}
        if refusal is not None:
            socket.send(json.dumps([{"T": "error", **refusal}]))
            socket.close()
            return
        socket.send(json.dumps([SUCCESS | {"msg": "authenticated"}]))
        self.subscribed = set()
        self.connections.append(socket)

    def _take(self, socket: ServerConnection, words: dict[str, Any]) -> None:
        self.asked.append(words)
        assert words["trades"] == words["quotes"]
        if words["action"] == "subscribe":
            self.subscribed |= set(words["trades"])
        else:
            self.subscribed -= set(words["trades"])
        names = sorted(self.subscribed)
        socket.send(json.dumps([{"T": "subscription", "trades": names, "quotes": names}]))

    def say(self, *messages: dict[str, Any]) -> None:
        self.connections[-1].send(json.dumps(messages))


@contextmanager
def streaming(fake: FakeAlpacaStream) -> Iterator[FakeAlpacaStream]:
    with serve(fake.serve, "127.0.0.1", 0) as server:
        fake.url = f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
