"""A hub with four instruments and clocks that stand still, for tests of what sockets get."""

from __future__ import annotations

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


class Desk:
    """A hub with four instruments, numbered from 1, and clocks that stand still."""

    def __init__(self) -> None:
        self.clock = Clock()
        listings = [Listing(number, name, "XNAS") for number, name in enumerate(NAMES, start=1)]
        self.hub = PriceHub(
            directory=InstrumentDirectory(listings), wall_clock=self.clock, fresh_seconds=15
        )
        self.aborted: list[HubSocket] = []

    def open(self, *symbols: str, user_id: UUID | None = None) -> HubSocket:
        socket = HubSocket(
            holder=SocketHolder(user_id or uuid4()),
            maker=self.hub,
            patience=PATIENCE,
            monotonic=self.clock,
            abort=lambda: self.aborted.append(socket),
        )
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
