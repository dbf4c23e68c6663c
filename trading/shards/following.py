"""How the orders of a group follow one another: ``trading.placing.groups`` says which they are.

An entry's exits wake when it is done, for what it has bought. Of two exits that work at the same
time one rests and one waits for its stop: what the one fills is taken off the other, and once the
stop is reached the other ends. So never do both stand in the book.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from trading.exchange.stops import Stop, StopBook
from trading.placing.groups import Groups
from trading.shards.batches import (
    QUANTITY_STEPS,
    Batch,
    Command,
    EndedWith,
    Reduced,
    Secured,
    Woken,
    WorkingOrder,
)
from trading.states import Event

NO_ENTRY: Final = "The order that it was to follow bought nothing."
TOO_LATE: Final = "Its session had closed when its entry was done."
OTHER_FILLED: Final = "The other exit filled."
OTHER_ENDED: Final = "The other exit came to its end."
OTHER_TRIGGERED: Final = "The stop of the other exit was reached."


@dataclass(frozen=True, slots=True)
class Turn:
    """One batch being matched: what it has come to so far, when, and what does not trade now."""

    batch: Batch
    now: datetime
    closed: frozenset[int]  # instruments
    halted: frozenset[int] = frozenset()  # instruments that staff has halted, closed too
    extended: frozenset[int] = frozenset()  # instruments outside their regular session

    def may_trade(self, order: WorkingOrder) -> bool:
        """Whether the hour lets an order trade; those for an auction wait for that."""
        instrument_id = order.instrument_id
        if instrument_id in self.closed or order.is_for_auction:
            return False
        return order.extended_hours or instrument_id not in self.extended

    def phase_of(self, instrument_id: int) -> str:
        if instrument_id in self.closed:
            return "closed"
        return "extended" if instrument_id in self.extended else "regular"


class Touch(NamedTuple):
    """What happened to an order that others belong to; quantities in the steps of the books."""

    order: WorkingOrder
    filled: int
    left: int
    is_over: bool
    ending: Event  # of those that end with it


class Ground(Protocol):
    """What a follower changes: ``trading.shards.books.Books``."""

    orders: dict[UUID, WorkingOrder]
    groups: Groups

    def number(self) -> int: ...
    def submit(
        self, turn: Turn, order: WorkingOrder, command: Command | None, sequence: int
    ) -> None: ...
    def stops_of(self, order: WorkingOrder) -> StopBook: ...
    def take_out(self, order: WorkingOrder) -> Stop | None: ...


class Follower:
    """Remembers what happened to orders of groups until the others may follow."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._touched: dict[UUID, Touch] = {}  # by order, first touched first

    def tell(
        self,
        order: WorkingOrder,
        filled: int,
        left: int,
        *,
        is_over: bool,
        ending: Event = Event.CANCELED,
    ) -> None:
        # Several takers may fill one order in the same sweep; it is done only once.
        before = self._touched.get(order.id)
        if before is not None:
            filled += before.filled
        self._touched[order.id] = Touch(order, filled, left, is_over, ending)

    def follow(self, turn: Turn) -> bool:
        """Let all follow; true when a stop was armed, which has heard no price yet."""
        is_armed = False
        while self._touched:
            touch = self._touched.pop(next(iter(self._touched)))
            if touch.order.is_entry:
                is_armed = self._follow_entry(turn, touch) or is_armed
            else:
                is_armed = self._follow_exit(turn, touch) or is_armed
        return is_armed

    def end_partner(self, turn: Turn, order: WorkingOrder) -> None:
        """Take out the exit that works beside one whose stop was reached."""
        partner = self._partner_of(order)
        if partner is not None:
            self._end(turn, partner, Event.CANCELED, OTHER_TRIGGERED)

    def _follow_exit(self, turn: Turn, touch: Touch) -> bool:
        partner = self._partner_of(touch.order)
        if partner is None:
            return False
        if touch.is_over:
            self._end(turn, partner, touch.ending, OTHER_ENDED if touch.left else OTHER_FILLED)
        elif partner.is_dormant and partner.parent_id == touch.order.id:
            return self._wake(turn, partner, touch.left)
        elif touch.filled:
            self._reduce(turn, partner, touch.filled)
        return False

    def _follow_entry(self, turn: Turn, touch: Touch) -> bool:
        """Secure what an entry buys for its exits, and wake them when it is done."""
        ground = self._ground
        # Not as they came to know of each other, which a restart forgets.
        legs = sorted(
            (ground.orders[leg_id] for leg_id in ground.groups.legs_of(touch.order)),
            key=lambda leg: (leg.priority or 0, leg.id),
        )
        if legs and touch.filled:
            quantity = Decimal(touch.filled) / QUANTITY_STEPS
            turn.batch.steps.append(Secured(legs[0].hold_id, quantity))
        if not touch.is_over:
            return False
        bought = int(touch.order.quantity * QUANTITY_STEPS) - touch.left
        is_armed = False
        for leg in legs:
            if not bought:
                self._end(turn, leg, touch.ending, NO_ENTRY)
            elif leg.expires_at is not None and leg.expires_at <= turn.now:
                self._end(turn, leg, Event.EXPIRED, TOO_LATE)
            else:
                is_armed = self._wake(turn, leg, bought) or is_armed
        return is_armed

    def _wake(self, turn: Turn, leg: WorkingOrder, quantity: int) -> bool:
        """Let an exit that slept take its turn, for so much; true when it waits for its stop."""
        ground = self._ground
        sequence = ground.number()
        woken = replace(
            leg, quantity=Decimal(quantity) / QUANTITY_STEPS, is_dormant=False, priority=sequence
        )
        ground.orders[leg.id] = turn.batch.orders[leg.id] = woken
        turn.batch.steps.append(Woken(woken, sequence))
        if woken.waits_for_stop:
            ground.stops_of(woken).add(woken.for_stops(arrival=sequence))
            return True
        ground.submit(turn, woken, None, sequence)
        return False

    def _reduce(self, turn: Turn, order: WorkingOrder, quantity: int) -> None:
        """Take off an exit what its partner has filled."""
        left = order.quantity - Decimal(quantity) / QUANTITY_STEPS
        reduced = replace(order, quantity=left)
        self._ground.orders[order.id] = turn.batch.orders[order.id] = reduced
        turn.batch.steps.append(Reduced(reduced))

    def _end(self, turn: Turn, order: WorkingOrder, ending: Event, reason: str) -> None:
        turn.batch.orders[order.id] = order
        self._ground.take_out(order)
        turn.batch.steps.append(EndedWith(order.id, ending, reason))

    def _partner_of(self, order: WorkingOrder) -> WorkingOrder | None:
        partner_id = self._ground.groups.partner_of(order)
        return None if partner_id is None else self._ground.orders.get(partner_id)
