"""An instrument's order book: the street's levels and users' resting orders, price by price.

Pure. Bids descend and asks ascend, so the first of each is the best. Prices are in the
instrument's currency, sizes in units. Nobody's name is in here: orders of users are known by
their price, how many there are and how much they want.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import Any

from market.values import Level, QuoteValue, plain, plain_or_none, wire_time


@dataclass(frozen=True, slots=True)
class RestingLevel:
    """Resting orders of users at one price."""

    price: Decimal
    size: Decimal  # units, > 0
    orders: int  # > 0


@dataclass(frozen=True, slots=True)
class RestingOrders:
    """Resting orders of users, best price first on each side."""

    bids: tuple[RestingLevel, ...] = ()
    asks: tuple[RestingLevel, ...] = ()


@dataclass(frozen=True, slots=True)
class BookLevel:
    """One price: what the street shows there, and what users' orders add."""

    price: Decimal
    street_size: Decimal
    user_size: Decimal
    orders: int  # of users
    cumulative_size: Decimal  # of this level and all better ones

    @property
    def size(self) -> Decimal:
        return self.street_size + self.user_size


@dataclass(frozen=True, slots=True)
class OrderBook:
    """``quote`` is the one that the street's levels are of; without one there is no street."""

    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]
    quote: QuoteValue | None
    is_stale: bool  # also where there is no quote at all

    @property
    def best_bid(self) -> Decimal | None:
        return self.bids[0].price if self.bids else None

    @property
    def best_ask(self) -> Decimal | None:
        return self.asks[0].price if self.asks else None

    @property
    def spread(self) -> Decimal | None:
        """Best ask minus best bid; negative for the moment in which orders cross the street."""
        if not self.bids or not self.asks:
            return None
        return self.asks[0].price - self.bids[0].price

    @property
    def mid(self) -> Decimal | None:
        """The price halfway between best bid and best ask."""
        if not self.bids or not self.asks:
            return None
        return (self.asks[0].price + self.bids[0].price) / 2

    @property
    def deepest_size(self) -> Decimal:
        """The larger cumulative size of the two sides: what depth bars are drawn against."""
        sides = (side[-1].cumulative_size for side in (self.bids, self.asks) if side)
        return max(sides, default=Decimal(0))


def build_book(
    quote: QuoteValue | None, resting: RestingOrders, *, depth: int, is_stale: bool
) -> OrderBook:
    """Merge both sources into at most ``depth`` levels a side."""
    bids, asks = ((), ()) if quote is None else (quote.offered_bids, quote.offered_asks)
    return OrderBook(
        bids=_side(bids, resting.bids, depth, is_descending=True),
        asks=_side(asks, resting.asks, depth, is_descending=False),
        quote=quote,
        is_stale=is_stale or quote is None,
    )


def _side(
    street: Iterable[Level],
    resting: Iterable[RestingLevel],
    depth: int,
    *,
    is_descending: bool,
) -> tuple[BookLevel, ...]:
    shown: dict[Decimal, Decimal] = {}
    for price, size in street:
        if size > 0:
            shown[price] = shown.get(price, Decimal(0)) + size
    users = {level.price: level for level in resting}
    prices = sorted(shown.keys() | users.keys(), reverse=is_descending)[:depth]
    parts = [(price, shown.get(price, Decimal(0)), users.get(price)) for price in prices]
    totals = accumulate(size + (user.size if user else Decimal(0)) for _, size, user in parts)
    return tuple(
        BookLevel(
            price=price,
            street_size=size,
            user_size=user.size if user else Decimal(0),
            orders=user.orders if user else 0,
            cumulative_size=total,
        )
        for (price, size, user), total in zip(parts, totals, strict=True)
    )


def book_to_wire(book: OrderBook) -> dict[str, Any]:
    """The book as programs get it, the symbol left to the caller."""
    quote = book.quote
    return {
        "bid": plain_or_none(book.best_bid),
        "ask": plain_or_none(book.best_ask),
        "spread": plain_or_none(book.spread),
        "mid": plain_or_none(book.mid),
        "bids": [_level_to_wire(level) for level in book.bids],
        "asks": [_level_to_wire(level) for level in book.asks],
        "occurred_at": None if quote is None else wire_time(quote.occurred_at),
        "is_stale": book.is_stale,
        "source": None if quote is None else quote.source,
    }


def _level_to_wire(level: BookLevel) -> Mapping[str, Any]:
    return {
        "price": plain(level.price),
        "size": plain(level.size),
        "street_size": plain(level.street_size),
        "user_size": plain(level.user_size),
        "orders": level.orders,
        "cumulative_size": plain(level.cumulative_size),
    }
