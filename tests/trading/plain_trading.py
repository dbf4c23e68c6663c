"""Who trades with whom in the plain market: every order in one list, sorted for each trade."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from tests.trading.plain_auctions import plain_auction, without_own, would_trade
from tests.trading.plain_orders import BOOK, OUT, Plain, by_turn

NEVER: Final = datetime.min.replace(tzinfo=UTC)

# Buyer or None for the street, seller or None, price, quantity.
PlainFill = tuple[UUID | None, UUID | None, int, int]
Taken = tuple[Plain, list[Plain]]  # who took, and whom of the users it met


@dataclass
class PlainQuote:
    """What is left of the newest quote; levels are ``[price, size]``."""

    at: datetime
    last: int
    bids: list[list[int]]
    asks: list[list[int]]


@dataclass
class PlainTrading:
    """Orders, quotes and hours, and every trade that follows from them."""

    fresh_seconds: int
    orders: dict[UUID, Plain] = field(default_factory=dict)
    quotes: dict[int, PlainQuote] = field(default_factory=dict)
    fills: list[PlainFill] = field(default_factory=list)
    now: datetime = NEVER
    closed: frozenset[int] = frozenset()
    halted: frozenset[int] = frozenset()
    extended: frozenset[int] = frozenset()

    def standing(self, instrument: int, *places: str) -> list[Plain]:
        return [
            order
            for order in self.orders.values()
            if order.instrument == instrument and not order.end and order.place in places
        ]

    def fresh(self, instrument: int) -> PlainQuote | None:
        quote = self.quotes.get(instrument)
        is_fresh = quote and (self.now - quote.at).total_seconds() <= self.fresh_seconds
        return quote if is_fresh else None

    def hours_of(self, instrument: int) -> str:
        if instrument in self.closed:
            return "closed"
        return "extended" if instrument in self.extended else "regular"

    def may_trade(self, order: Plain) -> bool:
        hours = self.hours_of(order.instrument)
        if hours == "closed" or order.is_for_auction:
            return False
        return hours == "regular" or order.is_extended

    def stand_up(self, instrument: int) -> None:
        """The hours change: all take their places anew, who would cross waits for its turn."""
        everybody = by_turn(self.standing(instrument, OUT, BOOK))
        for order in everybody:
            order.place = OUT
        for order in everybody:
            order.is_asleep = not self.may_trade(order)
            crosses = any(would_trade(order, other) for other in self.standing(instrument, BOOK))
            if not (order.is_market or order.is_queued or order.is_asleep or crosses):
                order.place = BOOK

    def take(self, order: Plain) -> tuple[list[Plain], bool]:
        """Trade as long as it can; whom it met, and whether it stopped at one of its owner."""
        met: list[Plain] = []
        while order.left and (offers := self._offers(order)):
            other = offers[0]
            if not isinstance(other, Plain):
                self._trade_with_street(order, other)
                continue
            if other.owner == order.owner:
                return met, True
            buyer, seller = (order, other) if order.is_buy else (other, order)
            self._fill(buyer, seller, other.limit, min(order.left, other.left))
            met.append(other)
        return met, False

    def reachable(self, order: Plain) -> int:
        """How much it could trade at once."""
        found = 0
        for other in self._offers(order):
            if isinstance(other, Plain) and other.owner == order.owner:
                break
            found += other.left if isinstance(other, Plain) else other[1]
        return found

    def settle(self, order: Plain, *, met_own: bool) -> None:
        """Where an order goes that has traded what it could."""
        order.is_queued = False
        if not order.end:
            order.place = OUT if order.is_market else BOOK
            order.end = "canceled" if met_own or not order.may_rest else ""

    def retry(self, instrument: int) -> list[Taken]:
        """Those who wait take what there is now, the oldest first."""
        found: list[Taken] = []
        for order in by_turn(self.standing(instrument, OUT)):
            if order.is_asleep:
                continue
            filled = order.filled
            met, met_own = self.take(order)
            if not (order.is_market and order.left and not met_own):
                self.settle(order, met_own=met_own)
                found.append((order, met))
            elif order.filled > filled:
                order.is_queued = False
                found.append((order, met))
        return found

    def meet_quote(self, instrument: int) -> list[Taken]:
        """Those who rest fill from the street, the best price first."""
        quote = self.quotes[instrument]
        found: list[Taken] = []
        for is_buy, levels in ((True, quote.asks), (False, quote.bids)):
            resting = [one for one in self.standing(instrument, BOOK) if one.is_buy == is_buy]
            for order in sorted(resting, key=Plain.rank):
                filled = order.filled
                for level in levels:
                    within = level[0] <= order.limit if is_buy else level[0] >= order.limit
                    if within and level[1] and order.left:
                        self._trade_with_street(order, level)
                if order.filled > filled:
                    found.append((order, []))
        return found

    def auction(self, instrument: int, due: list[Plain]) -> list[Taken]:
        """All who wait or rest trade at one price; what is left of those it was for ends."""
        quote = self.quotes[instrument]
        taking_part = [
            one
            for one in by_turn(self.standing(instrument, OUT, BOOK))
            if one in due or not one.is_for_auction
        ]
        price, trades = plain_auction(
            without_own(taking_part),
            bids=[level for level in quote.bids if level[1]],
            asks=[level for level in quote.asks if level[1]],
            reference=quote.last,
        )
        met: dict[UUID, list[Plain]] = {}
        for buyer, seller, quantity in trades:
            users = [one for one in (buyer, seller) if isinstance(one, Plain)]
            for level in (buyer, seller):
                if not isinstance(level, Plain):
                    level[1] -= quantity
            met.setdefault(users[0].id, []).extend(users[1:])
            users[0].is_queued = False
            bought_by = buyer if isinstance(buyer, Plain) else None
            sold_by = seller if isinstance(seller, Plain) else None
            self._fill(bought_by, sold_by, price, quantity)
        for order in due:
            order.end = order.end or "canceled"
        takers = [one for one in taking_part if one.id in met]
        return [(one, met[one.id]) for one in sorted(takers, key=lambda one: one.is_buy)]

    def _offers(self, order: Plain) -> list[Plain | list[int]]:
        """All that it could trade with: best price first, users before the street, then by turn."""
        sign = 1 if order.is_buy else -1
        found: list[tuple[int, int, int, Plain | list[int]]] = [
            (sign * other.limit, 0, other.turn, other)
            for other in self.standing(order.instrument, BOOK)
            if other.is_buy != order.is_buy
        ]
        quote = self.fresh(order.instrument)
        levels = [] if quote is None else quote.asks if order.is_buy else quote.bids
        found += [(sign * level[0], 1, 0, level) for level in levels if level[1]]
        within = [offer for offer in found if offer[0] <= sign * order.limit]
        return [other for *_, other in sorted(within, key=lambda offer: offer[:3])]

    def _trade_with_street(self, order: Plain, level: list[int]) -> None:
        quantity = min(order.left, level[1])
        level[1] -= quantity
        buyer, seller = (order, None) if order.is_buy else (None, order)
        self._fill(buyer, seller, level[0], quantity)

    def _fill(self, buyer: Plain | None, seller: Plain | None, price: int, quantity: int) -> None:
        for order in (buyer, seller):
            if order is not None:
                order.filled += quantity
                order.unheard += quantity
                order.held -= price * quantity
                order.end = "" if order.left else "filled"
        buyer_id, seller_id = (one.id if one else None for one in (buyer, seller))
        self.fills.append((buyer_id, seller_id, price, quantity))


def filled_by(fills: Iterable[PlainFill]) -> dict[tuple[UUID | None, UUID | None, int], int]:
    """How much each bought from each at which price, however many trades it took."""
    found: dict[tuple[UUID | None, UUID | None, int], int] = {}
    for buyer, seller, price, quantity in fills:
        key = (buyer, seller, price)
        found[key] = found.get(key, 0) + quantity
    return found
