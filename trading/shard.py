"""The working orders of one matcher in memory, and what a batch of commands does to them.

A cache of the database: whoever owns it throws it away whenever what it matched was not
committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from market.values import QuoteValue
from trading import matching
from trading.batches import (
    PRICE_STEPS,
    Batch,
    Command,
    Ended,
    Listing,
    Matched,
    Parked,
    StopMove,
    Triggered,
    WorkingOrder,
)
from trading.matching import End
from trading.order_book import OrderBook, Street
from trading.sizing import collar_price
from trading.states import CommandKind, Event, Side
from trading.stops import StopBook
from trading.streets import street_of


class BookDiverged(Exception):
    """The memory and the database disagree about an order; the memory must be rebuilt."""


@dataclass(slots=True)
class Shown:
    """The street's offer for one instrument, its last price, and how old they are."""

    quote_at: datetime
    street: Street
    last: Decimal | None


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
        collar_bps: int,
    ) -> None:
        """Build the books from working orders in time order."""
        self.books: dict[int, OrderBook] = {}
        self.stops: dict[int, StopBook] = {}
        self.orders: dict[UUID, WorkingOrder] = {}
        self.listings: dict[int, Listing] = {}
        self.next_sequence = next_sequence
        self.next_expiry_at: datetime | None = None
        self._shown: dict[int, Shown] = {}
        self._used = used
        self._quote_fresh_seconds = quote_fresh_seconds
        self._collar_bps = collar_bps
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
        """Instruments with orders that a new quote may fill or trigger."""
        found = [instrument_id for instrument_id, book in self.books.items() if book.orders]
        found += [instrument_id for instrument_id, book in self.stops.items() if book.stops]
        return list(dict.fromkeys(found))

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
        self._keep(order)
        is_open = order.instrument_id not in closed
        if order.waits_for_stop:
            self._stops_of(order).add(order.for_stops(arrival=sequence))
            batch.orders[order.id] = order
            batch.steps.append(Parked(order.id, sequence))
            if is_open:
                self._trigger(batch, order.instrument_id, now)
        else:
            self._submit(batch, order, command, sequence, now=now, is_open=is_open)

    def _submit(
        self,
        batch: Batch,
        order: WorkingOrder,
        command: Command | None,
        sequence: int,
        *,
        now: datetime,
        is_open: bool,
    ) -> None:
        """Bring an order to its book, and let those that wait meet it there."""
        book = self.books.setdefault(order.instrument_id, OrderBook())
        shown = self._fresh(order.instrument_id, now)
        street = shown.street if shown else None
        quote_at = shown.quote_at if shown else None
        outcome = matching.submit(book, order.for_book(), street, is_open=is_open)
        self._note(batch, Matched(outcome, quote_at, command, sequence))
        if is_open and book.waiting and outcome.end is End.RESTS:
            for later in matching.retry_waiting(book, street):
                self._note(batch, Matched(later, quote_at))

    def _trigger(self, batch: Batch, instrument_id: int, now: datetime) -> None:
        """Let the newest price trigger stops; each is submitted in its turn, under a new number."""
        shown = self._fresh(instrument_id, now)
        stops = self.stops.get(instrument_id)
        if stops is None or not stops.stops or shown is None or not shown.last:
            return
        reached, moved = stops.hear(int(shown.last * PRICE_STEPS))
        for stop in moved:
            if stop.price is not None and stop.mark is not None:
                price, mark = Decimal(stop.price), Decimal(stop.mark)
                batch.moves[stop.id] = StopMove(price / PRICE_STEPS, mark / PRICE_STEPS)
        for stop in reached:
            waiting = self.orders[stop.id]
            if waiting.expires_at is not None and waiting.expires_at <= now:
                continue  # its end waits among the commands
            sequence = self.next_sequence
            self.next_sequence += 1
            order = self._triggered(waiting, sequence, last=shown.last)
            self.orders[order.id] = batch.orders[order.id] = order
            batch.steps.append(Triggered(order, sequence, shown.last))
            self._submit(batch, order, None, sequence, now=now, is_open=True)

    def _triggered(self, order: WorkingOrder, sequence: int, *, last: Decimal) -> WorkingOrder:
        """The order from now on. A sale without a limit has its collar below the price of now.

        A buy keeps the worst price that it has reserved money for.
        """
        worst = order.worst_price
        if order.side is Side.SELL and not order.type.has_limit:
            tick_size = order.listing.tick_size
            worst = collar_price(last, order.side, tick_size=tick_size, bps=self._collar_bps)
        return replace(order, is_triggered=True, priority=sequence, worst_price=worst)

    def _stops_of(self, order: WorkingOrder) -> StopBook:
        return self.stops.setdefault(order.instrument_id, StopBook())

    def _take_out(self, batch: Batch, command: Command, sequence: int) -> None:
        order_id = command.order.id
        if order_id not in self.orders:
            if command.is_finished or order_id in batch.orders:
                return  # it filled first
            raise BookDiverged(f"order {order_id} works in the database alone")
        if self._stops_of(command.order).remove(order_id) is None and (
            book := self.books.get(command.order.instrument_id)
        ):
            book.remove(order_id)
        batch.orders[order_id] = self.orders.pop(order_id)
        ending = Event.EXPIRED if command.kind is CommandKind.EXPIRE else Event.CANCELED
        batch.steps.append(Ended(order_id, ending, command, sequence))

    def _sweep(self, batch: Batch, instrument_id: int, now: datetime) -> None:
        book = self.books.get(instrument_id)
        shown = self._fresh(instrument_id, now)
        if shown is None:
            return
        if book is not None and book.orders:
            outcomes = matching.retry_waiting(book, shown.street)
            outcomes += matching.meet_street(book, shown.street)
            for outcome in outcomes:
                self._note(batch, Matched(outcome, shown.quote_at))
        self._trigger(batch, instrument_id, now)

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
        self._shown[instrument_id] = Shown(quote.occurred_at, street, quote.last)
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
        if order.waits_for_stop:
            # Only what has been through the book is readmitted, so it has its place.
            self._stops_of(order).add(order.for_stops(arrival=order.priority or 0))
            return
        book = self.books.setdefault(order.instrument_id, OrderBook())
        resting = order.for_book()
        opposite = (book.asks if resting.is_buy else book.bids).first()
        is_crossing = opposite is not None and opposite.key <= -resting.key
        if resting.is_market or is_crossing:
            book.wait(resting)
        else:
            book.rest(resting)
