"""The programs of the orders case: sixteen connections that place orders over HTTP.

A process of its own, ``python -m bench.orders_load closed|paced …``; its first argument says how:

* ``closed``: each connection sends its next order when the last was answered; prints the rate.
* ``paced``: orders leave on a fixed schedule whether or not earlier ones were answered, and the
  portfolios' channels tell when each was filled; prints the latencies in milliseconds.
"""

# ruff: noqa: PLC0415 -- Django is set up only where the channels are listened to

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

CONNECTIONS = 16
OVER = "over"


@dataclass(frozen=True, slots=True)
class Account:
    key: str
    portfolio_id: str
    owner_id: str


@dataclass(slots=True)
class Load:
    port: int
    accounts: list[Account]
    symbols: list[str]
    seconds: float
    chance: random.Random
    names: Any = field(default_factory=count)
    answered: int = 0
    refused: int = 0
    first_refusal: str = ""
    accepted_at: dict[str, float] = field(default_factory=dict)
    filled_at: dict[str, float] = field(default_factory=dict)

    def request(self) -> bytes:
        """The bytes of one market order of one unit."""
        account = self.chance.choice(self.accounts)
        body = json.dumps(
            {
                "portfolio_id": account.portfolio_id,
                "symbol": self.chance.choice(self.symbols),
                "side": "buy",
                "type": "market",
                "quantity": "1",
            }
        )
        return (
            f"POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {account.key}\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {time.time_ns()}-{next(self.names)}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


class Connection:
    """One kept-alive connection."""

    def __init__(self, load: Load) -> None:
        self.load = load

    async def open(self) -> Connection:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.load.port)
        return self

    async def place(self) -> None:
        self.writer.write(self.load.request())
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await self.reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 201"):
            self.load.refused += 1
            self.load.first_refusal = self.load.first_refusal or body.decode()[:300]
            return
        self.load.answered += 1
        self.load.accepted_at[json.loads(body)["id"]] = time.perf_counter()


async def closed(load: Load) -> dict[str, Any]:
    connections = [await Connection(load).open() for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    ends_at = began + load.seconds

    async def run(connection: Connection) -> None:
        while time.perf_counter() < ends_at:
            await connection.place()

    await asyncio.gather(*map(run, connections))
    elapsed = time.perf_counter() - began
    return {
        "rate": load.answered / elapsed,
        "refused": load.refused,
        "first_refusal": load.first_refusal,
    }


async def paced(load: Load, *, per_second: int) -> dict[str, Any]:
    ready = asyncio.Event()
    over = asyncio.Event()
    listener = asyncio.create_task(hear_fills(load, ready, over))
    await ready.wait()
    await asyncio.sleep(0.5)  # everybody knows where he begins
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        idle.put_nowait(await Connection(load).open())

    async def place() -> None:
        connection = await idle.get()
        await connection.place()
        idle.put_nowait(connection)

    began = time.perf_counter()
    tasks = []
    for number in range(int(load.seconds * per_second)):
        await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
        tasks.append(asyncio.create_task(place()))
    await asyncio.gather(*tasks)
    deadline = time.perf_counter() + 10
    while load.accepted_at.keys() - load.filled_at.keys() and time.perf_counter() < deadline:
        await asyncio.sleep(0.05)
    over.set()
    await listener
    waits = sorted(
        max(0.0, load.filled_at[order_id] - at) * 1000
        for order_id, at in load.accepted_at.items()
        if order_id in load.filled_at
    )
    return {
        "p50_ms": waits[len(waits) // 2],
        "p99_ms": waits[int(len(waits) * 0.99)],
        "placed": load.answered,
        "unheard": load.answered - len(waits),
        "refused": load.refused,
        "first_refusal": load.first_refusal,
    }


async def hear_fills(load: Load, ready: asyncio.Event, over: asyncio.Event) -> None:
    """Watch every portfolio, as the sockets of the desk do."""
    import django

    django.setup()
    from channels.layers import get_channel_layer

    from trading.broadcasts import portfolio_group

    layer: Any = get_channel_layer()
    channels = {}
    for account in load.accounts:
        portfolio_id = UUID(account.portfolio_id)
        channels[portfolio_id] = await layer.new_channel()
        await layer.group_add(portfolio_group(portfolio_id), channels[portfolio_id])
    ready.set()
    watching = asyncio.gather(*(watch(load, layer, *pair) for pair in channels.items()))
    await over.wait()
    for channel in channels.values():
        await layer.send(channel, {"type": OVER})
    await watching


async def watch(load: Load, layer: Any, portfolio_id: UUID, channel: str) -> None:
    """Note when a watcher knows of each fill: a bell rings, and he reads what is new."""
    from channels.db import database_sync_to_async

    from trading.live.stream_events import current_horizon, messages_of, read_stretch

    since: int = await database_sync_to_async(current_horizon)()
    told: set[tuple[str, str]] = set()
    while (await layer.receive(channel))["type"] != OVER:
        stretch = await database_sync_to_async(read_stretch)(portfolio_id, since=since)
        now = time.perf_counter()
        for message in messages_of(stretch, told=told):
            if message["type"] == "fill":
                load.filled_at.setdefault(message["order_id"], now)
        since = stretch.horizon
        told = {it.key for it in stretch.events or () if it.xid >= since}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=("closed", "paced"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--accounts", type=Path, required=True)
    parser.add_argument("--symbols", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--per-second", type=int, default=200)
    parser.add_argument("--seed", type=int, required=True)
    words = parser.parse_args()
    load = Load(
        port=words.port,
        accounts=[Account(**row) for row in json.loads(words.accounts.read_text())],
        symbols=words.symbols.split(","),
        seconds=words.seconds,
        chance=random.Random(words.seed),
    )
    work = closed(load) if words.mode == "closed" else paced(load, per_second=words.per_second)
    json.dump(asyncio.run(work), sys.stdout)


if __name__ == "__main__":
    main()
