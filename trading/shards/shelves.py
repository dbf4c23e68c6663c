"""Where the working orders of some instruments stand: in their books, out of them, asleep."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from trading.exchange.offers import Offers, Shown
from trading.exchange.stops import Stop, StopBook
from trading.order_book import BookOrder, OrderBook
from trading.placing.groups import Groups
from trading.shards.auctioning import Auctioneer
from trading.shards.batches import Listing, WorkingOrder
from trading.shards.following import Turn


class Shelves:
    """Every working order once, each where it waits for its turn."""

    auctions: Auctioneer

    def __init__(self, *, offers: Offers, next_sequence: int) -> None:
        self.books: dict[int, OrderBook] = {}
        self.stops: dict[int, StopBook] = {}
        self.orders: dict[UUID, WorkingOrder] = {}
        self.listings: dict[int, Listing] = {}
        self.next_sequence = next_sequence
        self.next_expiry_at: datetime | None = None
        self._offers = offers
        self._phases: dict[int, str] = {}  # in which each book was last put in order
        # Instruments whose orders have stood up anew and not had their turns since.
        self.unsettled: set[int] = set()
        self.groups = Groups()

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
        moments = (order.ends_at for order in self.orders.values())
        self.next_expiry_at = min((at for at in moments if at and at > after), default=None)

    def remaining(self, order: WorkingOrder) -> int:
        """What an order has left, in steps of the books; of a stop that is all of it."""
        book = self.books.get(order.instrument_id)
        resting = book.find(order.id) if book else None
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
        _stand(book, order.for_book(), order, is_asleep=order.is_for_auction)

    def enter_phase(self, turn: Turn, instrument_id: int) -> None:
        """Put a book in order anew when the hours change: who may not trade now sleeps."""
        phase, book = turn.phase_of(instrument_id), self.books.get(instrument_id)
        if self._phases.get(instrument_id) == phase:
            return
        self._phases[instrument_id] = phase
        if book is None or phase == "closed":
            return
        self.unsettled.add(instrument_id)
        standing = sorted(
            book.orders.values(), key=lambda one: (self.orders[one.id].priority or 0, one.id)
        )
        self.books[instrument_id] = anew = OrderBook()
        for resting in standing:
            order = self.orders[resting.id]
            _stand(anew, resting, order, is_asleep=not turn.may_trade(order))

    def shown(self, turn: Turn, instrument_id: int) -> Shown | None:
        """What the street shows, while it is fresh."""
        return self._offers.fresh(instrument_id, turn.now)

    def take_out(self, order: WorkingOrder) -> Stop | None:
        """Forget an order; the stop, where it waited for one."""
        self._forget(order)
        stop = self.stops_of(order).remove(order.id)
        if stop is None and (book := self.books.get(order.instrument_id)):
            book.remove(order.id)
        return stop

    def companions_of(self, order: WorkingOrder) -> list[WorkingOrder]:
        """All that cannot go on without it."""
        found = (self.orders.get(other) for other in self.groups.companions_of(order))
        return [other for other in found if other is not None]

    def stops_of(self, order: WorkingOrder) -> StopBook:
        return self.stops.setdefault(order.instrument_id, StopBook())

    def _forget(self, order: WorkingOrder) -> None:
        del self.orders[order.id]
        self.groups.remove(order)
        self.auctions.remove(order)

    def _keep(self, order: WorkingOrder) -> None:
        self.orders[order.id] = order
        self.groups.add(order)
        self.auctions.add(order)
        ends_at = order.ends_at
        if ends_at and (self.next_expiry_at is None or ends_at < self.next_expiry_at):
            self.next_expiry_at = ends_at


def _stand(book: OrderBook, resting: BookOrder, order: WorkingOrder, *, is_asleep: bool) -> None:
    """Put an order where it belongs; one that would cross waits for its turn to take."""
    resting.is_asleep = is_asleep
    opposite = (book.asks if resting.is_buy else book.bids).first()
    is_crossing = opposite is not None and opposite.key <= -resting.key
    if resting.is_market or is_crossing or is_asleep or order.is_queued:
        book.wait(resting)
    else:
        book.rest(resting)
