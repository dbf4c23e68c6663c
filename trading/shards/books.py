"""What happens in the books and stops of the instruments that one matcher owns.

Each change is noted as a step of the batch at hand.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from market.values import QuoteValue
from trading import matching
from trading.exchange.offers import Offers
from trading.exchange.stops import Stop
from trading.matching import End, Outcome
from trading.order_book import OrderBook
from trading.placing.sizing import collar_price
from trading.shards.auctioning import Auctioneer
from trading.shards.batches import (
    PRICE_STEPS,
    Command,
    Halted,
    Matched,
    Parked,
    StopMove,
    Triggered,
    WorkingOrder,
)
from trading.shards.following import Follower, Turn
from trading.shards.restating import Restater
from trading.shards.shelves import Shelves
from trading.states import Event, OrderClass, Side


class Books(Shelves):
    """The working orders of some instruments, changed by what comes."""

    def __init__(
        self, *, offers: Offers, next_sequence: int, collar_bps: int, band_factor: int
    ) -> None:
        super().__init__(offers=offers, next_sequence=next_sequence)
        self.auctions = Auctioneer(self)
        self.restater = Restater(self, band_factor=band_factor)
        self._halted: frozenset[int] | None = None  # None: nobody was asked yet
        self._collar_bps = collar_bps
        self._follower = Follower(self)

    def hold_auction(self, turn: Turn, instrument_id: int) -> None:
        """Hold what is due, and let those follow that belong to what it filled."""
        if self.auctions.hold(turn, instrument_id):
            self.follow(turn, instrument_id)

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
        self.hold_auction(turn, instrument_id)
        if shown is None or instrument_id in turn.closed:
            return
        book = self.books.get(instrument_id)
        self.unsettled.discard(instrument_id)
        if book is not None and book.orders:
            outcomes = matching.retry_waiting(book, shown.street)
            outcomes += matching.meet_street(book, shown.street)
            for outcome in outcomes:
                self.note(turn, Matched(outcome, shown.quote_at))
        self._follower.follow(turn)
        self._trigger(turn, instrument_id)

    def admit(self, turn: Turn, order: WorkingOrder, command: Command, sequence: int) -> None:
        """Let an order sleep, wait for its stop price, or come to its book."""
        order = replace(order, priority=sequence)
        self._keep(order)
        if order.is_dormant:
            turn.batch.orders[order.id] = order
            turn.batch.steps.append(Parked(order.id, sequence))
        elif not order.waits_for_stop:
            self.submit(turn, order, command, sequence)
            self.follow(turn, order.instrument_id)
        else:
            stop = order.for_stops(arrival=sequence)
            self.stops_of(order).add(stop)
            self._note_parked(turn, order, stop, sequence)
            self._trigger(turn, order.instrument_id)

    def succeed(self, turn: Turn, old: WorkingOrder, order: WorkingOrder, command: Command) -> None:
        """Let an order stand in the place of one that makes way for it."""
        self._forget(old)
        order = replace(order, priority=old.priority)
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
        end = End.WAITS if book.is_waiting(resting.id) else End.RESTS
        end = End.QUEUED if old.is_queued else end
        self.note(turn, Matched(Outcome(order.id, resting.remaining, (), end), None, command))
        self.follow(turn, order.instrument_id)  # before others are touched, as after a restart

    def follow_successor(self, old: WorkingOrder, order: WorkingOrder) -> None:
        """Let the exits of an order belong to the one that replaces it."""
        for leg_id in self.groups.legs_of(old):
            leg = self.orders[leg_id]
            self.groups.remove(leg)
            quantity = order.quantity if order.is_entry else leg.quantity
            self._keep(replace(leg, parent_id=order.id, quantity=quantity))

    def end_group(self, turn: Turn, order: WorkingOrder, *, left: int, ending: Event) -> None:
        """Let those that belong to an order that was taken out end with it, or wake."""
        if order.order_class is not OrderClass.SIMPLE:
            self._follower.tell(order, 0, left, is_over=True, ending=ending)
            self.follow(turn, order.instrument_id)

    def follow(self, turn: Turn, instrument_id: int) -> None:
        """Let those follow that belong to what was filled or ended, and trigger what they armed."""
        if self._follower.follow(turn):
            self._trigger(turn, instrument_id)

    def submit(
        self, turn: Turn, order: WorkingOrder, command: Command | None, sequence: int
    ) -> None:
        """Bring an order to its book, and let those that wait meet it there."""
        book = self.books.setdefault(order.instrument_id, OrderBook())
        is_open = turn.may_trade(order)
        shown = self._offers.fresh(order.instrument_id, turn.now)
        street = shown.street if shown else None
        quote_at = shown.quote_at if shown else None
        if is_open and order.instrument_id in self.unsettled:
            # Who came while the market was closed comes before who comes now.
            self.unsettled.discard(order.instrument_id)
            for earlier in matching.retry_waiting(book, street):
                self.note(turn, Matched(earlier, quote_at))
        coming = order.for_book()
        coming.is_asleep = not is_open and order.instrument_id not in turn.closed
        rows, end = matching.submit(book, coming, street, is_open=is_open)
        outcome = Outcome(order.id, coming.remaining, matching.named(rows), end)
        self.note(turn, Matched(outcome, quote_at, command, sequence))
        if is_open and book.waiting and outcome.end is End.RESTS:
            for later in matching.retry_waiting(book, street):
                self.note(turn, Matched(later, quote_at))

    def _trigger(self, turn: Turn, instrument_id: int) -> None:
        """Let the newest price trigger stops; each is submitted in its turn, under a new number."""
        shown = self._offers.fresh(instrument_id, turn.now)
        stops = self.stops.get(instrument_id)
        if turn.phase_of(instrument_id) != "regular" or stops is None or not stops.stops:
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
            if waiting.ends_at is not None and waiting.ends_at <= turn.now:
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

    def note(self, turn: Turn, step: Matched) -> None:
        """Keep a step with every order it touches, and forget those that are done."""
        batch, outcome = turn.batch, step.outcome
        order_id = outcome.order_id
        batch.steps.append(step)
        batch.orders[order_id] = self.orders[order_id]
        filled: dict[UUID, int] = {}
        left: dict[UUID, int] = {order_id: outcome.left}
        for trade in outcome.trades:
            filled[order_id] = filled.get(order_id, 0) + trade.quantity
            maker_id = trade.maker_id
            if maker_id is None:
                continue
            filled[maker_id] = filled.get(maker_id, 0) + trade.quantity
            left[maker_id] = trade.maker_left
            # One that took in an auction, too, may have been forgotten with that.
            if maker_id in self.orders:
                batch.orders[maker_id] = self.orders[maker_id]
                if not trade.maker_left:
                    self._forget(self.orders[maker_id])
        order, is_queued = self.orders.get(order_id), outcome.end is End.QUEUED
        if order is not None and not outcome.end.is_working:
            self._forget(order)
        elif order is not None and order.is_queued != is_queued:
            order = replace(order, is_queued=is_queued)
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


def _note_move(turn: Turn, stop: Stop) -> None:
    """Say where a trailing stop stands, once it has heard a price."""
    if stop.price is not None and stop.mark is not None:
        price, mark = Decimal(stop.price), Decimal(stop.mark)
        turn.batch.moves[stop.id] = StopMove(price / PRICE_STEPS, mark / PRICE_STEPS)
