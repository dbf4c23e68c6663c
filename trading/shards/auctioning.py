"""Holding the opening and closing auctions of the instruments that one matcher owns.

Orders for an auction wait in the book, asleep, until it is due. Everything that works then takes
part, and the street with its newest fresh quote. What an auction order has left ends with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from trading.exchange.auctions import hold_auction, without_own_matches
from trading.exchange.offers import Shown
from trading.matching import End, Outcome, Trade
from trading.order_book import BookOrder, OrderBook
from trading.shards.batches import PRICE_STEPS, Listing, Matched, WorkingOrder
from trading.shards.following import Turn


class Floor(Protocol):
    """What an auctioneer changes: ``trading.shards.books.Books``."""

    books: dict[int, OrderBook]
    orders: dict[UUID, WorkingOrder]
    listings: dict[int, Listing]

    def note(self, turn: Turn, step: Matched) -> None: ...
    def shown(self, turn: Turn, instrument_id: int) -> Shown | None: ...


class Auctioneer:
    """Knows which orders wait for which auction."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._waiting: dict[int, dict[UUID, datetime]] = {}  # instrument → order → its auction

    def add(self, order: WorkingOrder) -> None:
        if order.is_for_auction and order.expires_at is not None:
            self._waiting.setdefault(order.instrument_id, {})[order.id] = order.expires_at

    def remove(self, order: WorkingOrder) -> None:
        waiting = self._waiting.get(order.instrument_id, {})
        waiting.pop(order.id, None)
        if not waiting:
            self._waiting.pop(order.instrument_id, None)

    def due(self, now: datetime) -> list[int]:
        """Instruments whose auction should be held, in the same order whoever asks."""
        return sorted(
            instrument_id
            for instrument_id, waiting in self._waiting.items()
            if min(waiting.values()) <= now
        )

    def hold(self, turn: Turn, instrument_id: int) -> bool:
        """Hold the auction that is due, if any, once there is a fresh price and no halt."""
        waiting = self._waiting.get(instrument_id, {})
        due = {order_id for order_id, moment in waiting.items() if moment <= turn.now}
        shown = self._floor.shown(turn, instrument_id)
        if not due or shown is None or instrument_id in turn.halted:
            return False
        book, known = self._floor.books[instrument_id], self._floor.orders
        taking_part = sorted(
            (
                order
                for order in book.orders.values()
                if order.id in due or not known[order.id].is_for_auction
            ),
            key=lambda order: (known[order.id].priority or 0, order.id),
        )
        kept, left_out = without_own_matches(taking_part)
        step = int(self._floor.listings[instrument_id].tick_size * PRICE_STEPS)
        _, trades = hold_auction(
            kept, shown.street, reference=_reference(shown, step=step), step=step
        )
        self._write(turn, book, taking_part, trades, shown.quote_at, due=due)
        self._end_rest(turn, book, taking_part, due=due, own={one.id for one in left_out})
        return True

    def _write(
        self,
        turn: Turn,
        book: OrderBook,
        orders: Sequence[BookOrder],
        trades: Sequence[Trade],
        quote_at: datetime,
        *,
        due: set[UUID],
    ) -> None:
        by_taker: dict[UUID, list[Trade]] = {}
        for trade in trades:
            by_taker.setdefault(trade.taker_id, []).append(trade)
        ends = {}
        for order in orders:
            is_waiting = book.is_waiting(order.id)
            ends[order.id] = End.WAITS if is_waiting else End.RESTS
            if not order.remaining:
                book.remove(order.id)
                ends[order.id] = End.FILLED
        # A sale may meet the street and buyers; its own trades come first, while it is known.
        for order in sorted(orders, key=lambda order: order.is_buy):
            if taken := by_taker.get(order.id):
                outcome = Outcome(order.id, order.remaining, taken, ends[order.id])
                self._floor.note(turn, Matched(outcome, quote_at))

    def _end_rest(
        self,
        turn: Turn,
        book: OrderBook,
        orders: Sequence[BookOrder],
        *,
        due: set[UUID],
        own: set[UUID],
    ) -> None:
        for order in orders:
            if order.id in due and order.remaining:
                book.remove(order.id)
                end = End.SELF_MATCH if order.id in own else End.AUCTION_OVER
                self._floor.note(turn, Matched(Outcome(order.id, order.remaining, (), end), None))


def _reference(shown: Shown, *, step: int) -> int | None:
    """The last price, else the middle of the quote, on the grid; ``None`` where neither is."""
    if shown.last:
        return int(shown.last * PRICE_STEPS) // step * step
    bids, asks = shown.street.bids, shown.street.asks
    if not bids or not asks:
        return None
    return (bids[0][0] + asks[0][0]) // 2 // step * step
