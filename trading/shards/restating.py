"""Restating working orders for a split of their instrument, each with its whole group.

A group is restated together or ends together, so that its exits never sell other units than it
has. What a command of another member then asks for has been done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from trading.changing.restatement import NotRestated, restate
from trading.exchange.stops import Stop, StopBook
from trading.order_book import OrderBook
from trading.shards.batches import PRICE_STEPS, QUANTITY_STEPS, EndedWith, Restated, WorkingOrder
from trading.shards.following import Turn
from trading.shards.split_terms import SplitTerms
from trading.states import Event, OrderClass


class Ground(Protocol):
    """What a restater changes: ``trading.shards.books.Books``."""

    books: dict[int, OrderBook]
    orders: dict[UUID, WorkingOrder]

    def remaining(self, order: WorkingOrder) -> int: ...
    def group_of(self, order: WorkingOrder) -> list[WorkingOrder]: ...
    def stops_of(self, order: WorkingOrder) -> StopBook: ...
    def take_out(self, order: WorkingOrder) -> Stop | None: ...
    def stand_anew(self, instrument_id: int) -> None: ...


class Restater:
    """Changes what orders are for, and has their books put in order afterwards."""

    def __init__(self, ground: Ground, *, band_factor: int) -> None:
        self._ground = ground
        self._band_factor = band_factor
        self._disordered: dict[int, None] = {}  # instruments, first restated first

    def restate(self, turn: Turn, order: WorkingOrder, split: SplitTerms) -> None:
        """Bring an order and its group to units of now, once; what cannot be there ends."""
        if split.is_done or self._is_done(turn, order, split):
            return
        group = self._ground.group_of(order)
        try:
            restated = [self._restated(one, split) for one in group]
        except NotRestated as reason:
            self._end(turn, group, str(reason))
            return
        shared = _shared_hold(restated)
        for before, after in zip(group, restated, strict=True):
            self._change(turn, before, _like_its_entry(after, restated), split, shared=shared)

    def stand_anew(self) -> None:
        """Put in order the books of what was restated since; before anything else happens there."""
        disordered, self._disordered = self._disordered, {}
        for instrument_id in disordered:
            self._ground.stand_anew(instrument_id)

    def _is_done(self, turn: Turn, order: WorkingOrder, split: SplitTerms) -> bool:
        """Whether another of its group has brought it along in this batch."""
        return any(
            isinstance(step, Restated)
            and (step.order.id, step.split.split_id) == (order.id, split.split_id)
            for step in turn.batch.steps
        )

    def _restated(self, order: WorkingOrder, split: SplitTerms) -> WorkingOrder:
        stop = self._ground.stops_of(order).stops.get(order.id)
        return restate(
            order,
            left=Decimal(self._ground.remaining(order)) / QUANTITY_STEPS,
            mark=None if stop is None else stop.mark,
            split=split,
            band_factor=self._band_factor,
        )

    def _change(
        self,
        turn: Turn,
        before: WorkingOrder,
        after: WorkingOrder,
        split: SplitTerms,
        *,
        shared: Decimal | None,
    ) -> None:
        batch, ground = turn.batch, self._ground
        left = Decimal(ground.remaining(before)) / QUANTITY_STEPS
        ground.orders[after.id] = batch.orders[after.id] = after
        batch.moves.pop(after.id, None)  # where its stop stood before
        then = replace(before, filled_quantity=before.quantity - left)
        stops = ground.stops_of(after)
        if (stop := stops.remove(after.id)) is not None:
            stops.add(after.for_stops(arrival=stop.arrival))
            stood = None if stop.price is None else Decimal(stop.price) / PRICE_STEPS
            then = replace(then, stop_price=stood)  # a trailing one has moved since it was read
        is_exit = after.order_class is not OrderClass.SIMPLE and not after.is_entry
        batch.steps.append(Restated(after, split, then, shared if is_exit else None))
        book = ground.books.get(after.instrument_id)
        if book is not None and (resting := book.find(after.id)) is not None:
            resting.limit = int(after.worst_price * PRICE_STEPS)
            resting.remaining = after.for_book().remaining
            self._disordered[after.instrument_id] = None

    def _end(self, turn: Turn, group: Sequence[WorkingOrder], reason: str) -> None:
        self.stand_anew()
        for order in group:
            turn.batch.orders[order.id] = order
            self._ground.take_out(order)
            turn.batch.steps.append(EndedWith(order.id, Event.CANCELED, reason))


def _like_its_entry(order: WorkingOrder, group: Sequence[WorkingOrder]) -> WorkingOrder:
    """An exit that sleeps is for all that its entry may buy, rounded as that is."""
    entry = group[0]
    if not order.is_dormant or not entry.is_entry:
        return order
    return replace(order, quantity=entry.quantity)


def _shared_hold(group: Sequence[WorkingOrder]) -> Decimal | None:
    """What exits hold together: what their entry has bought so far, or what is left to sell."""
    if group[0].is_entry:
        return group[0].filled_quantity
    awake = next((one for one in group if not one.is_dormant), None)
    return None if awake is None else awake.quantity - awake.filled_quantity
