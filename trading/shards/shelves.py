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
        resting = order.for_book()
        resting.is_asleep = order.is_for_auction
        _stand(book, resting, order)

    def enter_phase(self, turn: Turn, instrument_id: int) -> None:
        """Put a book in order anew when the hours change: who may not trade now sleeps."""
        phase, book = turn.phase_of(instrument_id), self.books.get(instrument_id)
        if self._phases.get(instrument_id) == phase:
            return
        self._phases[instrument_id] = phase
        if book is None or phase == "closed":
            return
        for resting in book.orders.values():
            resting.is_asleep = not turn.may_trade(self.orders[resting.id])
        self.stand_anew(instrument_id)

    def stand_anew(self, instrument_id: int) -> None:
        """Put a book in order after something about its orders has changed, each in its turn."""
        self.unsettled.add(instrument_id)
        standing = sorted(
            self.books[instrument_id].orders.values(),
            key=lambda one: (self.orders[one.id].priority or 0, one.id),
        )
        self.books[instrument_id] = anew = OrderBook()
        for resting in standing:
            _stand(anew, resting, self.orders[resting.id])

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

    def group_of(self, order: WorkingOrder) -> list[WorkingOrder]:
        """The order and all of its group that work, in the same order whoever asks."""
        found = (self.orders.get(member) for member in self.groups.members_of(order))
        working = (member for member in found if member is not None)
        return sorted(working, key=lambda one: (one.parent_id is not None, one.id))

    def others_of_group(self, order: WorkingOrder) -> list[WorkingOrder]:
        return [one for one in self.group_of(order) if one.id != order.id]

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


def _stand(book: OrderBook, resting: BookOrder, order: WorkingOrder) -> None:
    """Put an order where it belongs; one that would cross waits for its turn to take."""
    opposite = (book.asks if resting.is_buy else book.bids).first()
    is_crossing = opposite is not None and opposite.key <= -resting.key
    if resting.is_market or is_crossing or resting.is_asleep or order.is_queued:
        book.wait(resting)
    else:
        book.rest(resting)
