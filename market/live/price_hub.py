"""The prices of one socket process, fanned out in memory.

The hub keeps the newest quote of every symbol and a version that rises with each change. Sockets
with the same set of symbols form a group; a flush joins what changed in a group into one text,
once, and offers it to each of the group's sockets. Groups are spread over the phases of a flush
interval, so that thousands of sockets are not written to in one burst.

Nothing here waits, queries or reads a clock of its own: see ``market/live/hub_runner.py`` for what
drives it and ``market/live/hub_socket.py`` for what one socket is owed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

import orjson

from market.instruments.instrument_directory import InstrumentDirectory
from market.live.hub_socket import HubSocket

FLUSH_PHASES: Final = 8
PUBLIC_FIELDS: Final = (
    "bid",
    "bid_size",
    "ask",
    "ask_size",
    "last",
    "last_size",
    "previous_close",
    "change",
    "change_pct",
    "occurred_at",
)

instrument_id_of: Final = attrgetter("instrument_id")


class PricedSymbol:
    """The newest quote of one instrument, and its text, made at most once per change."""

    __slots__ = ("instrument_id", "is_stale", "occurred_at", "quote", "text", "version")

    def __init__(self, instrument_id: int) -> None:
        self.instrument_id = instrument_id
        self.quote: Mapping[str, Any] | None = None
        self.occurred_at = 0.0  # seconds since 1970
        self.version = 0
        self.is_stale = False
        self.text = ""  # empty until it is asked for

    def replace(self, quote: Mapping[str, Any], *, occurred_at: float, version: int) -> None:
        self.quote = quote
        self.occurred_at = occurred_at
        self.is_stale = False
        self.version = version
        self.text = ""

    def turn_stale(self, *, version: int) -> None:
        self.is_stale = True
        self.version = version
        self.text = ""

    def write(self, address: str) -> str:
        """Make the quote's JSON.

        Raises:
            LookupError: no price is known yet.
        """
        if self.quote is None:
            raise LookupError(f"no price of {address} is known yet")
        shown = {"symbol": address}
        shown.update({name: self.quote[name] for name in PUBLIC_FIELDS})
        self.text = orjson.dumps(
            shown | {"is_stale": self.is_stale, "source": self.quote["source"]}
        ).decode()
        return self.text


@dataclass(slots=True, eq=False)
class SubscriptionGroup:
    """The sockets that watch exactly the same symbols."""

    symbols: tuple[PricedSymbol, ...]  # by id; a quarter of what a set takes
    phase: int
    flushed_seq: int  # every change up to this version has been offered
    sockets: dict[HubSocket, None] = field(default_factory=dict)


class PriceHub:
    """All sockets and prices of this process. Every method belongs to the event loop's thread.

    Args:
        directory: what addresses mean.
        wall_clock: seconds since 1970, for the age of quotes.
        fresh_seconds: a quote older than this is marked stale.
    """

    def __init__(
        self,
        *,
        directory: InstrumentDirectory,
        wall_clock: Callable[[], float],
        fresh_seconds: float,
    ) -> None:
        self.directory = directory
        self.sockets: dict[HubSocket, None] = {}
        self.seq = 0
        self.frames_made = 0
        self._wall_clock = wall_clock
        self._fresh_seconds = fresh_seconds
        self._symbols: dict[int, PricedSymbol] = {}
        self._groups: dict[tuple[PricedSymbol, ...], SubscriptionGroup] = {}
        self._phases: list[dict[SubscriptionGroup, None]] = [{} for _ in range(FLUSH_PHASES)]

    def advance(self) -> int:
        """The next number of the stream; every frame carries one, ascending on each socket."""
        self.seq += 1
        return self.seq

    def tell_users(self, user_ids: Collection[UUID], text: str) -> None:
        """Send a notice to every socket of these users."""
        for socket in list(self.sockets):
            if socket.holder.user_id in user_ids:
                socket.notify(text)

    # Prices come in.

    def apply(self, quotes: Iterable[Mapping[str, Any]]) -> None:
        """Take quotes in wire form; an older one than what is known changes nothing."""
        version = self.seq + 1
        for quote in quotes:
            symbol = self.symbol(quote["instrument_id"])
            occurred_at = datetime.fromisoformat(quote["occurred_at"]).timestamp()
            if occurred_at >= symbol.occurred_at:
                symbol.replace(quote, occurred_at=occurred_at, version=version)

    def mark_stale(self) -> None:
        """Tell watchers once when a quote has grown old. Call it about every second."""
        oldest_fresh_at = self._wall_clock() - self._fresh_seconds
        version = self.seq + 1
        for symbol in self._symbols.values():
            if symbol.quote and not symbol.is_stale and symbol.occurred_at < oldest_fresh_at:
                symbol.turn_stale(version=version)

    def symbol(self, instrument_id: int) -> PricedSymbol:
        """What is known of the instrument's price, kept up to date from here on."""
        symbol = self._symbols.get(instrument_id)
        if symbol is None:
            symbol = self._symbols[instrument_id] = PricedSymbol(instrument_id)
        return symbol

    # Sockets come, choose and go.

    def join(self, socket: HubSocket) -> None:
        self.sockets[socket] = None

    def leave(self, socket: HubSocket) -> None:
        self.sockets.pop(socket, None)
        self._leave_group(socket)

    def watch(self, socket: HubSocket, instrument_ids: Iterable[int]) -> None:
        """Add symbols; the socket is owed a snapshot of those that are new to it."""
        wanted = {self.symbol(instrument_id) for instrument_id in instrument_ids}
        new = wanted.difference(socket.symbols)
        self._move(socket, new.union(socket.symbols))
        socket.owe_snapshot(new)

    def unwatch(self, socket: HubSocket, instrument_ids: Iterable[int]) -> None:
        dropped = {self.symbol(instrument_id) for instrument_id in instrument_ids}
        self._move(socket, set(socket.symbols) - dropped)

    def _move(self, socket: HubSocket, wanted: set[PricedSymbol]) -> None:
        symbols = tuple(sorted(wanted, key=instrument_id_of))
        if symbols == socket.symbols:
            return
        if left := self._leave_group(socket):
            # The new group may have flushed what the old one still owed this socket.
            socket.owe_since(left.flushed_seq)
        socket.symbols = symbols
        if not symbols:
            return
        group = self._groups.get(symbols)
        if group is None:
            phase = min(range(FLUSH_PHASES), key=lambda number: len(self._phases[number]))
            group = SubscriptionGroup(symbols, phase=phase, flushed_seq=self.seq)
            self._groups[symbols] = group
            self._phases[phase][group] = None
        socket.symbols = group.symbols  # one tuple for all of them
        group.sockets[socket] = None

    def _leave_group(self, socket: HubSocket) -> SubscriptionGroup | None:
        group = self._groups.get(socket.symbols)
        if group is None:
            return None
        group.sockets.pop(socket, None)
        if not group.sockets:
            del self._groups[group.symbols]
            del self._phases[group.phase][group]
        return group

    # Prices go out.

    def flush(self, phase: int) -> None:
        """Offer the groups of one phase what changed since they were last flushed."""
        groups = self._phases[phase]
        if not groups:
            return
        seq = self.advance()
        for group in groups:
            since = group.flushed_seq
            quotes = self._changed_texts(group.symbols, since)
            group.flushed_seq = seq
            if quotes:
                frame = self._frame("update", seq, quotes)
                for socket in group.sockets:
                    socket.offer(frame, seq=seq, since=since)

    def snapshot_frame(self, symbols: Iterable[PricedSymbol]) -> tuple[str, int]:
        """The newest of those symbols that have a price, and the frame's number."""
        seq = self.advance()
        known = (symbol for symbol in symbols if symbol.quote is not None)
        texts = (symbol.text or self._write(symbol) for symbol in known)
        return self._frame("snapshot", seq, texts), seq

    def merged_frame(self, socket: HubSocket, since: int) -> tuple[str, int] | None:
        """One frame of all that changed for a socket that fell behind; ``None`` if nothing did."""
        quotes = self._changed_texts(socket.symbols, since)
        if not quotes:
            return None
        seq = self.advance()
        return self._frame("update", seq, quotes), seq

    def _changed_texts(self, symbols: Iterable[PricedSymbol], since: int) -> list[str]:
        return [symbol.text or self._write(symbol) for symbol in symbols if symbol.version > since]

    def _write(self, symbol: PricedSymbol) -> str:
        return symbol.write(self.directory.address_of(symbol.instrument_id))

    def _frame(self, kind: str, seq: int, quotes: Iterable[str]) -> str:
        self.frames_made += 1
        return f'{{"type":"{kind}","seq":{seq},"quotes":[{",".join(quotes)}]}}'

    def sweep(self) -> None:
        """Close the sockets that stopped reading. Call it about every second."""
        for socket in list(self.sockets):
            socket.close_if_overdue()
