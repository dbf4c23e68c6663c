"""The order book as a page shows it: so many lines a side, empty ones where there are no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from market.depth.order_books import BookLevel, OrderBook

LADDER_ROWS: Final = 6  # a side; the script fills as many as there are


def _of_level(name: str) -> Any:
    """A property that is the level's, or None where there is no level."""
    return property(lambda row: None if row.level is None else getattr(row.level, name))


@dataclass(frozen=True, slots=True)
class LadderRow:
    level: BookLevel | None
    depth_pct: int  # cumulative size, in percent of the deeper side's

    price = _of_level("price")
    size = _of_level("size")
    user_size = _of_level("user_size")
    orders = _of_level("orders")
    cumulative_size = _of_level("cumulative_size")


@dataclass(frozen=True, slots=True)
class Ladder:
    """Lines from top to bottom: the highest price first on both sides."""

    asks: list[LadderRow]
    bids: list[LadderRow]


def ladder_of(book: OrderBook) -> Ladder:
    deepest = book.deepest_size
    return Ladder(
        asks=_rows(book.asks, deepest)[::-1],
        bids=_rows(book.bids, deepest),
    )


def _rows(levels: Sequence[BookLevel], deepest: Decimal) -> list[LadderRow]:
    shown = levels[:LADDER_ROWS]
    rows = [LadderRow(level, round(100 * level.cumulative_size / deepest)) for level in shown]
    return rows + [LadderRow(None, 0)] * (LADDER_ROWS - len(rows))
