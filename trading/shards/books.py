"""Books, stops and offers of the instruments that one matcher owns, and what happens in them.

Each change is noted as a step of the batch at hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from market.values import QuoteValue
from trading import matching
from trading.exchange.offers import Offers
from trading.exchange.stops import Stop, StopBook
from trading.matching import End, Outcome
from trading.order_book import OrderBook
from trading.placing.groups import Groups
from trading.placing.sizing import collar_price
from trading.shards.batches import (
    PRICE_STEPS,
    Command,
    Halted,
    Listing,
    Matched,
    Parked,
    StopMove,
    Triggered,
    WorkingOrder,
)
from trading.shards.following import Follower, Turn
from trading.states import Event, OrderClass, Side


class Books:
    """The working orders of some instruments, each where it waits for its turn."""

    def __init__(self, *, offers: Offers, next_sequence: int, collar_bps: int) -> None:
        self.books: dict[int, OrderBook] = {}
        self.stops: dict[int, StopBook] = {}
        self.orders: dict[UUID, WorkingOrder] = {}
        self.listings: dict[int, Listing] = {}
        self.next_sequence = next_sequence
        self.next_expiry_at: datetime | None = None
        self._halted: frozenset[int] | None = None  # None: nobody was asked yet
        self._offers = offers
        self._collar_bps = collar_bps
        self.groups = Groups()
        self._follower = Follower(self)

    def number(self) -> int:
        """The next place in the shard's sequence."""
        sequence = self.next_sequence
        self.next_sequence += 1
        return sequence

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

    def remaining(self, order: WorkingOrder) -> int:
        """What an order has left, in steps of the books; of a stop that is all of it."""
        book = self.books.get(order.instrument_id)
        resting = book.orders.get(order.id) if book else None
        return resting.remaining if resting else order.for_book().remaining

    def readmit(self, order: WorkingOrder) -> None:
        """Put an order back where it stood; one that would cross waits for its turn to take."""
        self._keep(order)
        if order.is_dormant:
            return
        if order.waits_for_stop:
            # Only what has been through the book is readmitted, so it has its place.
            self.stops_of(order).add(order.for_stops(arrival=order.priority or 0))
            return
        book = self.books.setdefault(order.instrument_id, OrderBook())
        resting = order.for_book()
        opposite = (book.asks if resting.is_buy else book.bids).first()
        is_crossing = opposite is not None and opposite.key <= -resting.key
        if resting.is_market or is_crossing or order.is_queued:
            book.wait(resting)
        else:
            book.rest(resting)

    def heed_halts(self, turn: Turn) -> None:
        """Tell working orders that their instrument is halted, or trades again."""
        if turn.halted == self._halted:
            return
        self._halted = turn.halted
        for order in list(self.orders.values()):
            is_halted = order.instrument_id in turn.halted
            if is_halted != order.is_suspended:
                told = replace(order, is_suspended=is_halted)
                self.orders[order.id] = turn.batch.orders[order.id] = told
                turn.batch.steps.append(Halted(told))

    def show(self, turn: Turn, quote: QuoteValue) -> None:
        """Let a newer quote meet what rests and waits, then trigger stops."""
        instrument_id = quote.instrument_id
        listing = self.listings.get(instrument_id)
        if listing is None or not self._offers.show(quote, listing):
            return
        shown = self._offers.fresh(instrument_id, turn.now)
        if shown is None or instrument_id in turn.closed:
            return
        book = self.books.get(instrument_id)
        if book is not None and book.orders:
            outcomes = matching.retry_waiting(book, shown.street)
            outcomes += matching.meet_street(book, shown.street)
            for outcome in outcomes:
                self._note(turn, Matched(outcome, shown.quote_at))
        self._follower.follow(turn)
        self._trigger(turn, instrument_id)

    def admit(self, turn: Turn, order: WorkingOrder, command: Command, sequence: int) -> None:
        """Let an order sleep, wait for its stop price, or come to its book."""
        self._keep(order)
        if order.is_dormant:
            turn.batch.orders[order.id] = order
            turn.batch.steps.append(Parked(order.id, sequence))
        elif not order.waits_for_stop:
            self.submit(turn, order, command, sequence)
            self._follow(turn, order.instrument_id)
        else:
            stop = order.for_stops(arrival=sequence)
            self.stops_of(order).add(stop)
            self._note_parked(turn, order, stop, sequence)
            self._trigger(turn, order.instrument_id)

    def take_out(self, order: WorkingOrder) -> Stop | None:
        """Forget an order; the stop, where it waited for one."""
        self._forget(order)
        stop = self.stops_of(order).remove(order.id)
        if stop is None and (book := self.books.get(order.instrument_id)):
            book.remove(order.id)
        return stop

    def succeed(self, turn: Turn, old: WorkingOrder, order: WorkingOrder, command: Command) -> None:
        """Let an order stand in the place of one that makes way for it."""
        self._forget(old)
        self._keep(order)
        if order.is_dormant:
            turn.batch.orders[order.id] = order
            turn.batch.steps.append(Parked(order.id, None))
            return
        if order.waits_for_stop:
            stop = self.stops_of(order).succeed(old.id, order.id)
            self._note_parked(turn, order, stop, None)
            return
        book = self.books[order.instrument_id]
        resting = book.succeed(old.id, order.for_book())
        end = End.WAITS if resting.id in book.waiting else End.RESTS
        self._note(turn, Matched(Outcome(resting, [], end), None, command))

    def follow_successor(self, old: WorkingOrder, order: WorkingOrder) -> None:
        """Let the exits of an order belong to the one that replaces it."""
        for leg_id in self.groups.legs_of(old):
            leg = self.orders[leg_id]
            self.groups.remove(leg)
            quantity = order.quantity if order.is_entry else leg.quantity
            self._keep(replace(leg, parent_id=order.id, quantity=quantity))

    def companions_of(self, order: WorkingOrder) -> list[WorkingOrder]:
        """All that cannot go on without it."""
        found = (self.orders.get(other) for other in self.groups.companions_of(order))
        return [other for other in found if other is not None]

    def end_group(self, turn: Turn, order: WorkingOrder, *, left: int, ending: Event) -> None:
        """Let those that belong to an order that was taken out end with it, or wake."""
        if order.order_class is not OrderClass.SIMPLE:
            self._follower.tell(order, 0, left, is_over=True, ending=ending)
            self._follow(turn, order.instrument_id)

    def _follow(self, turn: Turn, instrument_id: int) -> None:
        if self._follower.follow(turn):
            self._trigger(turn, instrument_id)

    def submit(
        self, turn: Turn, order: WorkingOrder, command: Command | None, sequence: int
    ) -> None:
        """Bring an order to its book, and let those that wait meet it there."""
        book = self.books.setdefault(order.instrument_id, OrderBook())
        is_open = order.instrument_id not in turn.closed
        shown = self._offers.fresh(order.instrument_id, turn.now)
        street = shown.street if shown else None
        quote_at = shown.quote_at if shown else None
        outcome = matching.submit(book, order.for_book(), street, is_open=is_open)
        self._note(turn, Matched(outcome, quote_at, command, sequence))
        if is_open and book.waiting and outcome.end is End.RESTS:
            for later in matching.retry_waiting(book, street):
                self._note(turn, Matched(later, quote_at))

    def _trigger(self, turn: Turn, instrument_id: int) -> None:
        """Let the newest price trigger stops; each is submitted in its turn, under a new number."""
        shown = self._offers.fresh(instrument_id, turn.now)
        stops = self.stops.get(instrument_id)
        if instrument_id in turn.closed or stops is None or not stops.stops:
            return
        if shown is None or not shown.last:
            return
        reached, moved = stops.hear(int(shown.last * PRICE_STEPS))
        for stop in moved:
            _note_move(turn, stop)
        is_armed = False
        for stop in reached:
            waiting = self.orders.get(stop.id)
            if waiting is None:
                continue  # its partner filled by a stop before it
            if waiting.expires_at is not None and waiting.expires_at <= turn.now:
                continue  # its end waits among the commands
            self._follower.end_partner(turn, waiting)
            sequence = self.number()
            order = self._triggered(waiting, sequence, last=shown.last)
            self.orders[order.id] = turn.batch.orders[order.id] = order
            turn.batch.steps.append(Triggered(order, sequence, shown.last))
            self.submit(turn, order, None, sequence)
            is_armed = self._follower.follow(turn) or is_armed
        if is_armed:
            self._trigger(turn, instrument_id)  # what was armed has not heard this price yet

    def _triggered(self, order: WorkingOrder, sequence: int, *, last: Decimal) -> WorkingOrder:
        """The order from now on. A sale without a limit has its collar below the price of now.

        A buy keeps the worst price that it has reserved money for.
        """
        worst = order.worst_price
        if order.side is Side.SELL and not order.type.has_limit:
            tick_size = order.listing.tick_size
            worst = collar_price(last, order.side, tick_size=tick_size, bps=self._collar_bps)
        return replace(order, is_triggered=True, priority=sequence, worst_price=worst)

    def _note(self, turn: Turn, step: Matched) -> None:
        """Keep a step with every order it touches, and forget those that are done."""
        batch, outcome = turn.batch, step.outcome
        order_id = outcome.order.id
        batch.steps.append(step)
        batch.orders[order_id] = self.orders[order_id]
        filled: dict[UUID, int] = {}
        left: dict[UUID, int] = {order_id: outcome.order.remaining}
        for trade in outcome.trades:
            filled[order_id] = filled.get(order_id, 0) + trade.quantity
            maker = trade.maker
            if maker is None:
                continue
            filled[maker.id] = filled.get(maker.id, 0) + trade.quantity
            left[maker.id] = maker.remaining
            # A later outcome of the same sweep may have finished the maker already.
            if maker.id in self.orders:
                batch.orders[maker.id] = self.orders[maker.id]
                if not maker.remaining:
                    self._forget(self.orders[maker.id])
        if not outcome.end.is_working:
            self._forget(self.orders[order_id])
        elif self.orders[order_id].is_queued != (outcome.end is End.QUEUED):
            order = replace(self.orders[order_id], is_queued=outcome.end is End.QUEUED)
            self.orders[order_id] = batch.orders[order_id] = order
        for touched_id, remaining in left.items():
            order = batch.orders[touched_id]
            if order.order_class is not OrderClass.SIMPLE:
                is_over = touched_id not in self.orders
                self._follower.tell(order, filled.get(touched_id, 0), remaining, is_over=is_over)

    def _note_parked(
        self, turn: Turn, order: WorkingOrder, stop: Stop, sequence: int | None
    ) -> None:
        turn.batch.orders[order.id] = order
        turn.batch.steps.append(Parked(order.id, sequence))
        _note_move(turn, stop)

    def stops_of(self, order: WorkingOrder) -> StopBook:
        return self.stops.setdefault(order.instrument_id, StopBook())

    def _forget(self, order: WorkingOrder) -> None:
        del self.orders[order.id]
        self.groups.remove(order)

    def _keep(self, order: WorkingOrder) -> None:
        self.orders[order.id] = order
        self.groups.add(order)
        expires_at = order.expires_at
        if expires_at and (self.next_expiry_at is None or expires_at < self.next_expiry_at):
            self.next_expiry_at = expires_at


def _note_move(turn: Turn, stop: Stop) -> None:
    """Say where a trailing stop stands, once it has heard a price."""
    if stop.price is not None and stop.mark is not None:
        price, mark = Decimal(stop.price), Decimal(stop.mark)
        turn.batch.moves[stop.id] = StopMove(price / PRICE_STEPS, mark / PRICE_STEPS)
