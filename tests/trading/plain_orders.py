"""One order as the plain market knows it; prices and quantities are whole steps of the books."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from trading.exchange.stops import PARTS
from trading.shards.batches import AUCTION_GRACE, PRICE_STEPS, QUANTITY_STEPS, WorkingOrder
from trading.states import OrderClass, OrderType, Side, TimeInForce

# Where an order is that has not come to its end.
COMING: Final = "coming"
ASLEEP: Final = "asleep"  # an exit before its entry is done
STOP: Final = "stop"  # waits for its stop price
OUT: Final = "out"  # waits for its turn, unseen
BOOK: Final = "book"  # rests


@dataclass(eq=False, kw_only=True)
class Plain:
    id: UUID
    owner: UUID
    instrument: int
    is_buy: bool
    kind: OrderType
    ending: TimeInForce
    until: datetime | None
    is_extended: bool
    limit: int  # the worst price
    quantity: int
    stop: int | None
    trail: tuple[int, int]  # an amount, and millionths of the mark; both 0 where it does not trail
    group: OrderClass
    parent: UUID | None
    is_triggered: bool
    heard: list[int]  # prices that its trail knows of
    place: str
    turn: int = 0
    filled: int = 0
    held: int = 0  # of a buy: what it may cost, in steps of a price times those of a quantity
    unheard: int = 0  # of that, what those who belong to it have not looked at
    is_queued: bool = False  # came while it might not trade
    is_asleep: bool = False  # does not trade at these hours
    end: str = ""

    @classmethod
    def of(cls, told: WorkingOrder) -> Plain:
        trail = (steps(told.trail_amount or 0), int((told.trail_pct or 0) * PARTS) // 100)
        stop = None if told.stop_price is None else steps(told.stop_price)
        limit, quantity = steps(told.worst_price), int(told.quantity * QUANTITY_STEPS)
        return cls(
            id=told.id,
            owner=told.owner_id,
            instrument=told.instrument_id,
            is_buy=told.side is Side.BUY,
            kind=told.type,
            ending=told.time_in_force,
            until=told.expires_at,
            is_extended=told.extended_hours,
            limit=limit,
            quantity=quantity,
            stop=stop,
            trail=trail,
            group=told.order_class,
            parent=told.parent_id,
            is_triggered=told.is_triggered,
            heard=[] if told.water_mark is None else [steps(told.water_mark)],
            place=ASLEEP if told.is_dormant else COMING,
            held=limit * quantity,
        )

    @property
    def left(self) -> int:
        return self.quantity - self.filled

    @property
    def is_stop(self) -> bool:
        stops = {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP}
        return self.kind in stops and not self.is_triggered

    @property
    def is_market(self) -> bool:
        return self.kind not in {OrderType.LIMIT, OrderType.STOP_LIMIT}

    @property
    def is_for_auction(self) -> bool:
        return self.ending in {TimeInForce.OPG, TimeInForce.CLS}

    @property
    def may_rest(self) -> bool:
        return self.ending not in {TimeInForce.IOC, TimeInForce.FOK}

    @property
    def is_entry(self) -> bool:
        return self.group in {OrderClass.BRACKET, OrderClass.OTO} and self.parent is None

    @property
    def is_exit(self) -> bool:
        return self.group is not OrderClass.SIMPLE and not self.is_entry

    @property
    def ends_at(self) -> datetime | None:
        if self.until is None or not self.is_for_auction:
            return self.until
        return self.until + AUCTION_GRACE

    @property
    def terms(self) -> tuple[object, ...]:
        """All that decides on when and at which price it may trade."""
        waits = (self.trail, None if any(self.trail) else self.stop) if self.is_stop else None
        return (self.kind, self.ending, self.limit, self.is_triggered, waits)

    @property
    def stop_price(self) -> int | None:
        """Where its stop stands: a trail follows the best price it has heard, and only that."""
        amount, millionths = self.trail
        if not (amount or millionths) or not self.heard:
            return self.stop
        mark = min(self.heard) if self.is_buy else max(self.heard)
        if self.is_buy:
            return mark + amount - (-mark * millionths // PARTS)  # rounded up
        return max(mark - amount + (-mark * millionths // PARTS), 1)

    @property
    def waits_for(self) -> int | None:
        return self.stop_price if self.place == STOP else None

    def is_reached(self, last: int) -> bool:
        stop = self.stop_price
        if stop is None:
            return False
        return last >= stop if self.is_buy else last <= stop

    def rank(self) -> tuple[int, int]:
        """Its place on its side: the best price first, then the oldest."""
        return (-self.limit if self.is_buy else self.limit, self.turn)


def by_turn(orders: Iterable[Plain]) -> list[Plain]:
    return sorted(orders, key=lambda order: order.turn)


def steps(price: object) -> int:
    return int(price * PRICE_STEPS)  # type: ignore[operator]
