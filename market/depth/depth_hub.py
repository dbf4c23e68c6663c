"""The order books and tapes that sockets of this process follow, beside the hub of prices.

A book or tape is kept only while somebody follows it. A book is not sent change by change: a
frame is the whole book as it is when the socket can take it, so what lies between is conflated.
Trades must not be lost one by one; those that came together go together, and who has fallen
further behind than the tape is long gets all of it, marked as a new beginning.

Nothing here waits, queries or reads a clock: ``market/depth/depth_runner.py`` drives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import orjson

from market.depth.order_books import RestingOrders, book_to_wire, build_book
from market.depth.tape import Trade, merged, trade_from_wire, trade_to_wire
from market.live.price_hub import PricedSymbol, PriceHub
from market.values import quote_from_wire


class Follower(Protocol):
    """A socket's part in here; see ``market.depth.depth_mailbox``."""

    def become_due(self) -> None:
        """There is something newer than what was sent."""


class LiveBook:
    """The book of one instrument, and its text, made at most once per change."""

    __slots__ = (
        "_depth",
        "_text",
        "_text_version",
        "_version",
        "followers",
        "has_begun",
        "resting",
        "symbol",
    )

    def __init__(self, symbol: PricedSymbol, *, depth: int) -> None:
        self.symbol = symbol
        self.resting = RestingOrders()
        self.has_begun = False  # its resting orders were read, or cannot be
        self.followers: dict[Follower, None] = {}
        self._depth = depth
        self._version = 0  # of the resting orders
        self._text = ""
        self._text_version = (-1, -1)

    @property
    def version(self) -> tuple[int, int]:
        """Differs from what it was whenever the book does."""
        return (self.symbol.version, self._version)

    def replace_resting(self, resting: RestingOrders) -> None:
        self.has_begun = True
        if resting != self.resting:
            self.resting = resting
            self._version += 1

    def text(self, address: str) -> str:
        """The members of the book's JSON, without the braces around."""
        if self._text_version != self.version:
            known = self.symbol.quote
            quote = None if known is None else quote_from_wire(known)
            book = build_book(quote, self.resting, depth=self._depth, is_stale=self.symbol.is_stale)
            body = orjson.dumps({"symbol": address} | book_to_wire(book)).decode()
            self._text, self._text_version = body[1:-1], self.version
        return self._text


class LiveTape:
    """The newest trades of one instrument, each with a number that rises as they arrive."""

    __slots__ = (
        "_length",
        "_numbers",
        "_texts",
        "count",
        "followers",
        "has_begun",
        "instrument_id",
        "trades",
    )

    def __init__(self, instrument_id: int, *, length: int) -> None:
        self.instrument_id = instrument_id
        self.trades: list[Trade] = []  # newest first
        self.count = 0  # how many have arrived
        self.has_begun = False  # the stored trades were read, or cannot be
        self.followers: dict[Follower, None] = {}
        self._length = length
        self._numbers: dict[Any, int] = {}  # a trade's place → its number
        self._texts: dict[int, str] = {}

    def take_in(self, trades: Iterable[Trade]) -> None:
        """Add those that are not there yet, each in its place of time."""
        new = [trade for trade in trades if trade.place not in self._numbers]
        if not new:
            return
        self.trades = merged(self.trades, new)[: self._length]
        for trade in sorted(new, key=lambda trade: trade.place):
            self.count += 1
            self._numbers[trade.place] = self.count
        kept = {trade.place for trade in self.trades}
        self._numbers = {place: n for place, n in self._numbers.items() if place in kept}
        self._texts.clear()

    def text(self, address: str, *, since: int) -> str:
        """What arrived after trade number ``since``, as members of a JSON object.

        All that is known, and said to be so, where ``since`` is negative or was too long ago.
        """
        text = self._texts.get(since)
        if text is None:
            new = [trade for trade in self.trades if self._numbers[trade.place] > since]
            is_whole = since < 0 or self.count - since > self._length
            shown = self.trades if is_whole else new
            body = {
                "symbol": address,
                "is_snapshot": is_whole,
                "trades": [trade_to_wire(trade) for trade in shown],
            }
            text = self._texts[since] = orjson.dumps(body).decode()[1:-1]
        return text


class DepthHub:
    """Books and tapes by instrument. Every method belongs to the event loop's thread.

    Args:
        prices: whose quotes the street's levels are of.
        levels: of a side of the book.
        trades: how long a tape is.
    """

    def __init__(self, *, prices: PriceHub, levels: int, trades: int) -> None:
        self.prices = prices
        self.levels = levels
        self.books: dict[int, LiveBook] = {}
        self.tapes: dict[int, LiveTape] = {}
        # Replaced whole, because the listener's thread looks into it.
        self.traded: frozenset[int] = frozenset()
        self._trades = trades

    def follow_book(self, follower: Follower, instrument_id: int) -> LiveBook:
        book = self.books.get(instrument_id)
        if book is None:
            symbol = self.prices.symbol(instrument_id)
            book = self.books[instrument_id] = LiveBook(symbol, depth=self.levels)
        book.followers[follower] = None
        return book

    def leave_book(self, follower: Follower, book: LiveBook) -> None:
        book.followers.pop(follower, None)
        if not book.followers:
            self.books.pop(book.symbol.instrument_id, None)

    def follow_tape(self, follower: Follower, instrument_id: int) -> LiveTape:
        tape = self.tapes.get(instrument_id)
        if tape is None:
            tape = self.tapes[instrument_id] = LiveTape(instrument_id, length=self._trades)
            self.traded = frozenset(self.tapes)
        tape.followers[follower] = None
        return tape

    def leave_tape(self, follower: Follower, tape: LiveTape) -> None:
        tape.followers.pop(follower, None)
        if not tape.followers:
            self.tapes.pop(tape.instrument_id, None)
            self.traded = frozenset(self.tapes)

    def take_in_ticks(self, ticks: Iterable[Mapping[str, Any]]) -> None:
        """Take ticks in wire form; those of tapes that nobody follows are passed over."""
        by_instrument: dict[int, list[Trade]] = {}
        for tick in ticks:
            if tick["instrument_id"] in self.tapes:
                trades = by_instrument.setdefault(tick["instrument_id"], [])
                trades.append(trade_from_wire(tick))
        for instrument_id, trades in by_instrument.items():
            self.tapes[instrument_id].take_in(trades)

    def flush(self) -> None:
        """Remind everybody who has not been sent the newest. Call it once per flush interval."""
        followers = [book.followers for book in self.books.values()]
        followers += [tape.followers for tape in self.tapes.values()]
        for group in followers:
            for follower in group:
                follower.become_due()
