"""A hub with four instruments and clocks that stand still, for tests of what sockets get."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from accounts.socket_access import SocketHolder
from market.instruments.instrument_directory import InstrumentDirectory, Listing
from market.live.hub_socket import HubSocket, SocketPatience
from market.live.price_hub import FLUSH_PHASES, PriceHub

NAMES = ("AAPL", "MSFT", "XOM", "JPM")
PATIENCE = SocketPatience(ack_timeout_seconds=15, stall_timeout_seconds=12)


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


class FakeLine:
    """A connection that may be stuck; ``hear_of_end`` is told of its end."""

    def __init__(self, *, is_stuck: bool) -> None:
        self.hear_of_end: Callable[[], None] = lambda: None
        self._is_stuck = is_stuck

    def is_stuck(self) -> bool:
        return self._is_stuck

    def drop(self) -> None:
        self.hear_of_end()


class Desk:
    """A hub with four instruments, numbered from 1, and clocks that stand still."""

    def __init__(self) -> None:
        self.clock = Clock()
        listings = [Listing(number, name, "XNAS") for number, name in enumerate(NAMES, start=1)]
        self.hub = PriceHub(
            directory=InstrumentDirectory(listings), wall_clock=self.clock, fresh_seconds=15
        )
        self.aborted: list[HubSocket] = []

    def open(self, *symbols: str, user_id: UUID | None = None, is_stuck: bool = False) -> HubSocket:
        line = FakeLine(is_stuck=is_stuck)
        socket = HubSocket(
            holder=SocketHolder(user_id or uuid4()),
            maker=self.hub,
            patience=PATIENCE,
            monotonic=self.clock,
            line=line,
        )
        line.hear_of_end = lambda: self.aborted.append(socket)
        self.hub.join(socket)
        if symbols:
            self.watch(socket, *symbols)
        return socket

    def watch(self, socket: HubSocket, *symbols: str) -> None:
        self.hub.watch(socket, [NAMES.index(symbol) + 1 for symbol in symbols])

    def unwatch(self, socket: HubSocket, *symbols: str) -> None:
        self.hub.unwatch(socket, [NAMES.index(symbol) + 1 for symbol in symbols])

    def price(self, symbol: str, last: str, *, second: float | None = None) -> None:
        self.hub.apply([wire(symbol, last, at=self.clock() if second is None else second)])

    def flush(self) -> None:
        for phase in range(FLUSH_PHASES):
            self.hub.flush(phase)


def wire(symbol: str, last: str, *, at: float) -> dict[str, Any]:
    return {
        "instrument_id": NAMES.index(symbol) + 1,
        "symbol": symbol,
        **dict.fromkeys(("bid", "bid_size", "ask", "ask_size", "last_size")),
        **dict.fromkeys(("previous_close", "change", "change_pct")),
        "last": last,
        "occurred_at": datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z"),
        "is_stale": False,
        "source": "simulated",
        "bid_levels": [],
        "ask_levels": [],
    }


def read(socket: HubSocket) -> list[dict[str, Any]]:
    """Take everything the socket is owed now."""
    frames = []
    while (text := socket.take()) is not None:
        frames.append(orjson.loads(text))
    return frames


def prices(frame: dict[str, Any]) -> dict[str, str]:
    return {quote["symbol"]: quote["last"] for quote in frame["quotes"]}
