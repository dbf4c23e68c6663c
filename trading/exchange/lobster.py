"""Recorded order flow of an exchange, played through our own book. Pure.

A message file has no header and, by message: time (seconds after midnight), type, order id, size,
price × 10,000, direction (1 for a buy order, -1 for a sale). Types: 1 a new limit order, 2 part of
one cancelled, 3 one deleted, 4 one executed, 5 a hidden one executed, 6 an auction, 7 a halt. A
direction is that of the resting order. Orders from before the file began are not in it, so what
becomes of them changes nothing here.

Source: LOBSTER, "Output Structure", https://lobsterdata.com/info/DataStructure.php.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from trading.order_book import BookOrder, BookSide, OrderBook

NEW, REDUCED, DELETED, EXECUTED = 1, 2, 3, 4
UNSEEN: Final = frozenset({5, 6, 7})  # hidden executions, auctions and halts leave the book alone
FIELDS: Final = 6
# What an orderbook file says where a side has fewer levels.
NO_ASK: Final = (9_999_999_999, 0)
NO_BID: Final = (-9_999_999_999, 0)
NOBODY: Final = UUID(int=0)  # owners are not recorded; resting orders never meet each other here


class BadMessage(Exception):
    """A line is none that a message file may have."""

    def __init__(self, *, line: int, text: str, reason: str) -> None:
        super().__init__(f"line {line} was {text!r}: {reason}")
        self.line = line


class Message(NamedTuple):
    time: str  # as it is written, so that no digit is lost
    type: int
    order_id: int
    size: int
    price: int  # ten-thousandths
    direction: int


@dataclass(frozen=True, slots=True)
class Top:
    """The best levels after a message, best first: (price, size)."""

    time: str
    asks: tuple[tuple[int, int], ...]
    bids: tuple[tuple[int, int], ...]

    def row(self, depth: int) -> list[int]:
        """A line of an orderbook file: ask price and size, bid price and size, level by level."""
        asks = [*self.asks, *[NO_ASK] * (depth - len(self.asks))]
        bids = [*self.bids, *[NO_BID] * (depth - len(self.bids))]
        return [number for ask, bid in zip(asks, bids, strict=True) for number in (*ask, *bid)]


def replay(lines: Iterable[str], *, depth: int) -> Iterator[Top]:
    """Play the messages; after each, say the best ``depth`` levels of both sides.

    Raises:
        BadMessage: a line is not as it should be.
    """
    book = OrderBook()
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        message = parse(text.strip(), line=number)
        apply(book, message)
        yield Top(message.time, best_levels(book.asks, depth), best_levels(book.bids, depth))


def parse(text: str, *, line: int) -> Message:
    """Raises:
    BadMessage: it is no message.
    """
    parts = text.split(",")
    if len(parts) != FIELDS:
        raise BadMessage(line=line, text=text, reason=f"{FIELDS} fields were expected")
    try:
        float(parts[0])
        numbers = [int(part) for part in parts[1:]]
    except ValueError:
        raise BadMessage(line=line, text=text, reason="a field is no number") from None
    message = Message(parts[0], *numbers)
    if message.type not in {NEW, REDUCED, DELETED, EXECUTED, *UNSEEN}:
        raise BadMessage(line=line, text=text, reason="there is no such type")
    if message.type not in UNSEEN and (message.direction not in {1, -1} or message.size <= 0):
        raise BadMessage(line=line, text=text, reason="direction must be 1 or -1, and size > 0")
    return message


def apply(book: OrderBook, message: Message) -> None:
    """Change the book as the exchange's was changed."""
    order_id = UUID(int=message.order_id)
    if message.type in UNSEEN:
        return
    if message.type == NEW:
        is_buy = message.direction > 0
        book.rest(BookOrder(order_id, NOBODY, is_buy, message.price, message.size))
        return
    order = book.find(order_id)
    if order is None:
        return  # it was there before the file began
    if message.type == DELETED or message.size >= order.remaining:
        book.remove(order_id)
    else:
        order.remaining -= message.size


def best_levels(side: BookSide, depth: int) -> tuple[tuple[int, int], ...]:
    """Price and size of the best levels, best first."""
    shown = (key for key, level in side.levels.items() if any(not one.is_gone for one in level))
    keys = heapq.nsmallest(depth, shown)
    return tuple(
        (abs(key), sum(order.remaining for order in side.levels[key] if not order.is_gone))
        for key in keys
    )
