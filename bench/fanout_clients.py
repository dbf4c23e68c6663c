"""The crowd of the fan-out case: thousands of sockets that only read, in one lean process.

It opens one socket and says ``first``, then the others and says ``ready``, each time waiting for
a line on its standard input. Then it warms up, says ``counting``, counts frames for the given
seconds, says ``counted`` and ends with one JSON object. Frames are counted by their headers alone;
every tenth socket is read whole, for the age of its quotes and for what it saw last.
"""

from __future__ import annotations

import argparse
import json
import random
import selectors
import socket
import struct
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

TEXT, PING, PONG = 0x81, 0x89, 0x8A
SAMPLED_EVERY: Final = 10
BUFFER_BYTES: Final = 256 * 1024
WARM_UP_SECONDS: Final = 1.5
# After the measured time the prices end, and what is still on its way arrives.
DRAIN_SECONDS: Final = 2.0


class Client:
    """One socket that watches some symbols."""

    __slots__ = ("ages", "connection", "frames", "is_sampled", "latest", "rest")

    def __init__(self, connection: socket.socket, *, is_sampled: bool) -> None:
        self.connection = connection
        self.is_sampled = is_sampled
        self.frames = 0
        self.rest = b""
        self.ages: list[float] = []
        self.latest: dict[str, str] = {}

    def take(self, data: bytes, *, now: float) -> None:
        """Cut what arrived into frames."""
        buffer = self.rest + data if self.rest else data
        place, end = 0, len(buffer)
        while True:
            if end - place < 4:
                break
            length, header = buffer[place + 1], 2
            if length == 126:
                length, header = struct.unpack_from("!H", buffer, place + 2)[0], 4
            elif length == 127:
                if end - place < 10:
                    break
                length, header = struct.unpack_from("!Q", buffer, place + 2)[0], 10
            if end - place < header + length:
                break
            body = buffer[place + header : place + header + length]
            self.handle(buffer[place], body, now=now)
            place += header + length
        self.rest = buffer[place:]

    def handle(self, kind: int, body: bytes, *, now: float) -> None:
        if kind == TEXT:
            self.frames += 1
            if self.is_sampled:
                self.read(body, now)
        elif kind == PING:
            self.connection.sendall(struct.pack("!BBI", PONG, 0x80 | len(body), 0) + body)

    def read(self, text: bytes, now: float) -> None:
        frame = json.loads(text)
        for quote in frame.get("quotes", ()):
            self.latest[quote["symbol"]] = quote["last"]
            if frame["type"] == "update":
                occurred_at = datetime.fromisoformat(quote["occurred_at"]).timestamp()
                self.ages.append(now - occurred_at)


def open_client(port: int, key: str, symbols: list[str], *, is_sampled: bool) -> Client:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(
        (
            "GET /ws/v1/quotes HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Sec-WebSocket-Version: 13\r\nX-API-Key: {key}\r\n\r\n"
        ).encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        received = connection.recv(4096)
        if not received:
            raise ConnectionError("the handshake was cut off")
        answer += received
    head, _, rest = answer.partition(b"\r\n\r\n")
    if b" 101 " not in head.split(b"\r\n", 1)[0]:
        raise ConnectionError(head.decode("latin-1"))
    body = json.dumps({"subscribe": symbols}).encode()
    # A mask of zeros leaves the text as it is.
    connection.sendall(struct.pack("!BBHI", 0x81, 0x80 | 126, len(body), 0) + body)
    client = Client(connection, is_sampled=is_sampled)
    client.rest = rest
    connection.setblocking(False)
    return client


def read_for(selector: selectors.BaseSelector, seconds: float) -> None:
    ends_at = time.monotonic() + seconds
    while (left := ends_at - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            data = key.fileobj.recv(BUFFER_BYTES)  # type: ignore[union-attr]
            if not data:
                raise ConnectionError("the server closed a socket")
            key.data.take(data, now=time.time())


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def crowd_parser() -> argparse.ArgumentParser:
    """What every crowd is told: where to connect, with how many sockets, and what each watches."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--sockets", type=int, required=True)
    parser.add_argument("--symbols", type=int, required=True)
    parser.add_argument("--watched", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    return parser


def watched_symbols(options: argparse.Namespace) -> Iterator[list[str]]:
    """The symbols of one socket after the other, the same for the same seed."""
    chance = random.Random(options.seed)
    names = [f"S{number}" for number in range(1, options.symbols + 1)]
    for _ in range(options.sockets):
        yield chance.sample(names, min(options.watched, len(names)))


def main() -> None:
    parser = crowd_parser()
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    selector = selectors.DefaultSelector()
    clients = []
    for number, symbols in enumerate(watched_symbols(options)):
        client = open_client(
            options.port, options.key, symbols, is_sampled=number % SAMPLED_EVERY == 0
        )
        clients.append(client)
        selector.register(client.connection, selectors.EVENT_READ, client)
        if number == 0:
            read_for(selector, 1.0)
            say_and_wait("first")
    read_for(selector, 1.0)
    say_and_wait("ready")
    print(json.dumps(measure(selector, clients, options.seconds)), flush=True)


def say_and_wait(word: str) -> None:
    print(word, flush=True)
    sys.stdin.readline()


def measure(
    selector: selectors.BaseSelector, clients: list[Client], seconds: float
) -> dict[str, Any]:
    # What came while nobody read here says nothing about the server.
    read_for(selector, WARM_UP_SECONDS)
    before = sum(client.frames for client in clients)
    for client in clients:
        client.ages.clear()
    print("counting", flush=True)
    read_for(selector, seconds)
    frames = sum(client.frames for client in clients) - before
    ages = [age for client in clients for age in client.ages]
    print("counted", flush=True)
    read_for(selector, DRAIN_SECONDS)
    return {
        "frames": frames,
        "quotes_sampled": len(ages),
        "p50_seconds": percentile(ages, 0.5),
        "p99_seconds": percentile(ages, 0.99),
        "fewest_frames": min(client.frames for client in clients),
        "latest": [client.latest for client in clients if client.is_sampled],
    }


if __name__ == "__main__":
    main()
