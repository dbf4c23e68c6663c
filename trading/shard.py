"""The working orders of one matcher in memory, and what a batch of commands does to them.

A cache of the database: whoever owns it throws it away whenever what it matched was not
committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from uuid import UUID

from market.values import Level, QuoteValue
from trading import matching
from trading.batches import (
    PRICE_STEPS,
    QUANTITY_STEPS,
    Batch,
    Command,
    Ended,
    Listing,
    Matched,
    WorkingOrder,
)
from trading.matching import End
from trading.order_book import OrderBook, Street
from trading.states import CommandKind, Event


class BookDiverged(Exception):
    """The memory and the database disagree about an order; the memory must be rebuilt."""


@dataclass(slots=True)
class Shown:
    """The street's offer for one instrument and how old it is."""

    quote_at: datetime
    street: Street


# What quotes have filled: instrument → quote's time → [(is_buy, price, quantity), …].
Used = dict[int, dict[datetime, list[tuple[bool, int, int]]]]


class Shard:
    """The books of the instruments that one matcher owns."""

    def __init__(
        self,
        orders: Iterable[WorkingOrder],
        *,
        next_sequence: int,
        used: Used,
        quote_fresh_seconds: int,
    ) -> None:
        """Build the books from working orders in time order."""
        self.books: dict[int, OrderBook] = {}
        self.orders: dict[UUID, WorkingOrder] = {}
        self.listings: dict[int, Listing] = {}
        self.next_sequence = next_sequence
        self.next_expiry_at: datetime | None = None
        self._shown: dict[int, Shown] = {}
        self._used = used
        self._quote_fresh_seconds = quote_fresh_seconds
        for order in orders:
            self.get_to_know([order])
            self._readmit(order)

    def match(
        self,
        commands: Sequence[Command],
        *,
        quotes: Mapping[int, QuoteValue],
        closed: frozenset[int],
        now: datetime,
    ) -> Batch:
        """Let new quotes meet what rests, then do the commands in order.

        Args:
            quotes: newest known, of the instruments that matter.
            closed: instruments whose exchange does not trade now.
        """
        batch = Batch()
        self.get_to_know(command.order for command in commands)
        for instrument_id, quote in quotes.items():
            if self._show(quote) and instrument_id not in closed:
                self._sweep(batch, instrument_id, now)
        for command in commands:
            sequence = self.next_sequence
            self.next_sequence += 1
            batch.sequences.append((command.id, sequence))
            if command.kind is CommandKind.PLACE:
                self._place(batch, command, sequence, now=now, closed=closed)
            else:
                self._take_out(batch, command, sequence)
        return batch

    def get_to_know(self, orders: Iterable[WorkingOrder]) -> None:
        """Learn how the instruments of those orders are listed."""
        for order in orders:
            self.listings[order.instrument_id] = order.listing

    def instruments_with_orders(self) -> list[int]:
        """Instruments with orders that a new quote may fill."""
        return [instrument_id for instrument_id, book in self.books.items() if book.orders]

    def look_for_expiry(self, *, after: datetime) -> None:
        """Find anew when the next day order ends, past those that ended by then."""
        moments = [order.expires_at for order in self.orders.values() if order.expires_at]
        self.next_expiry_at = min((at for at in moments if at > after), default=None)

    def _place(
        self,
        batch: Batch,
        command: Command,
        sequence: int,
        *,
        now: datetime,
        closed: frozenset[int],
    ) -> None:
        order = command.order
        if command.is_finished or command.is_placed or order.id in self.orders:
            return
        if order.expires_at is not None and order.expires_at <= now:
            # Its session closed before the matcher came to it.
            batch.orders[order.id] = order
            batch.steps.append(Ended(order.id, Event.EXPIRED, command, sequence))
            return
        book = self.books.setdefault(order.instrument_id, OrderBook())
        shown = self._fresh(order.instrument_id, now)
        street = shown.street if shown else None
        quote_at = shown.quote_at if shown else None
        self._keep(order)
        is_open = order.instrument_id not in closed
        outcome = matching.submit(book, order.for_book(), street, is_open=is_open)
        self._note(batch, Matched(outcome, quote_at, command, sequence))
        if is_open and book.waiting and outcome.end is End.RESTS:
            for later in matching.retry_waiting(book, street):
                self._note(batch, Matched(later, quote_at))

    def _take_out(self, batch: Batch, command: Command, sequence: int) -> None:
        order_id = command.order.id
        if order_id not in self.orders:
            if command.is_finished or order_id in batch.orders:
                return  # it filled first
            raise BookDiverged(f"order {order_id} works in the database alone")
        self.books[command.order.instrument_id].remove(order_id)
        batch.orders[order_id] = self.orders.pop(order_id)
        ending = Event.EXPIRED if command.kind is CommandKind.EXPIRE else Event.CANCELED
        batch.steps.append(Ended(order_id, ending, command, sequence))

    def _sweep(self, batch: Batch, instrument_id: int, now: datetime) -> None:
        book = self.books.get(instrument_id)
        shown = self._fresh(instrument_id, now)
        if book is None or not book.orders or shown is None:
            return
        outcomes = matching.retry_waiting(book, shown.street)
        outcomes += matching.meet_street(book, shown.street)
        for outcome in outcomes:
            self._note(batch, Matched(outcome, shown.quote_at))

    def _note(self, batch: Batch, step: Matched) -> None:
        """Keep a step with every order it touches, and forget those that are done."""
        outcome = step.outcome
        order_id = outcome.order.id
        batch.steps.append(step)
        batch.orders[order_id] = self.orders[order_id]
        for trade in outcome.trades:
            maker = trade.maker
            # A later outcome of the same sweep may have finished the maker already.
            if maker is not None and maker.id in self.orders:
                batch.orders[maker.id] = self.orders[maker.id]
                if not maker.remaining:
                    del self.orders[maker.id]
        if outcome.end not in {End.RESTS, End.WAITS}:
            del self.orders[order_id]

    def _show(self, quote: QuoteValue) -> bool:
        """Take in a quote; false when it is no newer than the one that is shown."""
        instrument_id = quote.instrument_id
        shown = self._shown.get(instrument_id)
        listing = self.listings.get(instrument_id)
        if listing is None or (shown is not None and quote.occurred_at <= shown.quote_at):
            return False
        street = street_of(quote, tick_size=listing.tick_size, lot_size=listing.lot_size)
        # After a restart: what this very quote has filled stays used up, and one before it is
        # not shown again.
        for quote_at, fills in self._used.get(instrument_id, {}).items():
            if quote_at > quote.occurred_at:
                return False
            if quote_at == quote.occurred_at:
                for is_buy, price, quantity in fills:
                    street.use(is_buy=is_buy, price=price, quantity=quantity)
        self._used.pop(instrument_id, None)
        self._shown[instrument_id] = Shown(quote.occurred_at, street)
        return True

    def _fresh(self, instrument_id: int, now: datetime) -> Shown | None:
        shown = self._shown.get(instrument_id)
        if shown is None:
            return None
        age_seconds = (now - shown.quote_at).total_seconds()
        return shown if age_seconds <= self._quote_fresh_seconds else None

    def _keep(self, order: WorkingOrder) -> None:
        self.orders[order.id] = order
        expires_at = order.expires_at
        if expires_at and (self.next_expiry_at is None or expires_at < self.next_expiry_at):
            self.next_expiry_at = expires_at

    def _readmit(self, order: WorkingOrder) -> None:
        """Put an order back where it stood; one that would cross waits for its turn to take."""
        self._keep(order)
        book = self.books.setdefault(order.instrument_id, OrderBook())
        resting = order.for_book()
        opposite = (book.asks if resting.is_buy else book.bids).first()
        is_crossing = opposite is not None and opposite.key <= -resting.key
        if resting.is_market or is_crossing:
            book.wait(resting)
        else:
            book.rest(resting)


def street_of(quote: QuoteValue, *, tick_size: Decimal, lot_size: Decimal) -> Street:
    """A quote in whole steps: prices rounded against the order, sizes down to whole lots."""
    bids = quote.bid_levels or _only_level(quote.bid, quote.bid_size)
    asks = quote.ask_levels or _only_level(quote.ask, quote.ask_size)
    return Street(
        bids=[_steps(level, tick_size, lot_size, ROUND_FLOOR) for level in bids],
        asks=[_steps(level, tick_size, lot_size, ROUND_CEILING) for level in asks],
    )


def _only_level(price: Decimal | None, size: Decimal | None) -> tuple[Level, ...]:
    return () if price is None or size is None else ((price, size),)


def _steps(level: Level, tick_size: Decimal, lot_size: Decimal, rounding: str) -> tuple[int, int]:
    price, size = level
    ticks = (price / tick_size).to_integral_value(rounding)
    lots = (size / lot_size).to_integral_value(ROUND_FLOOR)
    return int(ticks * tick_size * PRICE_STEPS), int(lots * lot_size * QUANTITY_STEPS)
