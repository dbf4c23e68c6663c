"""The working orders of one matcher in memory, and what a batch of commands does to them.

A cache of the database: whoever owns it throws it away whenever what it matched was not
committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from market.values import QuoteValue
from trading.changing.takeover import NoTakeover, take_over
from trading.exchange.offers import Offers, Used
from trading.shards.batches import Batch, Command, Ended, NotReplaced, Replaced, WorkingOrder
from trading.shards.books import Books
from trading.shards.following import Turn
from trading.states import CommandKind, Event


class BookDiverged(Exception):
    """The memory and the database disagree about an order; the memory must be rebuilt."""


class Shard(Books):
    """The books of the instruments that one matcher owns, changed by commands and quotes."""

    def __init__(
        self,
        orders: Iterable[WorkingOrder],
        *,
        next_sequence: int,
        used: Used,
        quote_fresh_seconds: int,
        collar_bps: int,
        band_factor: int,
    ) -> None:
        """Build the books from working orders in time order."""
        super().__init__(
            offers=Offers(used=used, quote_fresh_seconds=quote_fresh_seconds),
            next_sequence=next_sequence,
            collar_bps=collar_bps,
            band_factor=band_factor,
        )
        for order in orders:
            self.get_to_know([order])
            self.readmit(order)

    def match(
        self,
        commands: Sequence[Command],
        *,
        quotes: Mapping[int, QuoteValue],
        closed: frozenset[int],
        halted: frozenset[int] = frozenset(),
        extended: frozenset[int] = frozenset(),
        now: datetime,
    ) -> Batch:
        """Let new quotes meet what rests, then do the commands in order.

        Args:
            quotes: newest known, of the instruments that matter.
            closed: instruments whose exchange does not trade now.
            halted: instruments that staff has halted. What works in them is suspended, what
                comes is denied, and cancellations go on.
            extended: instruments outside their regular session, where orders for that trade.
        """
        turn = Turn(Batch(), now, closed | halted, halted, extended)
        self.get_to_know(command.order for command in commands)
        self.heed_halts(turn)
        self._enter_hours(turn, {*quotes, *(it.order.instrument_id for it in commands)})
        for quote in quotes.values():
            self.show(turn, quote)
        for command in commands:
            sequence = self.number()
            turn.batch.sequences.append((command.id, sequence))
            if command.kind is CommandKind.RESTATE:
                self._restate(turn, command)
                continue
            self.restater.stand_anew()
            if command.kind is CommandKind.PLACE:
                self._place(turn, command, sequence)
            elif command.kind is CommandKind.REPLACE:
                self._replace(turn, command, sequence)
            else:
                self._end(turn, command, sequence)
        self.restater.stand_anew()
        return turn.batch

    def _enter_hours(self, turn: Turn, instrument_ids: Iterable[int]) -> None:
        """Hold the auctions that are due, each before its book is put in order for what follows.

        What they filled has its consequences after that.
        """
        due = self.auctions.due(turn.now)
        held = [instrument_id for instrument_id in due if self.auctions.hold(turn, instrument_id)]
        for instrument_id in dict.fromkeys([*due, *instrument_ids]):
            self.enter_phase(turn, instrument_id)
        for instrument_id in held:
            self.follow(turn, instrument_id)

    def _place(self, turn: Turn, command: Command, sequence: int) -> None:
        order = command.order
        if command.is_finished or command.is_placed or order.id in self.orders:
            return
        if order.ends_at is not None and order.ends_at <= turn.now:
            # Its session closed before the matcher came to it.
            turn.batch.orders[order.id] = order
            turn.batch.steps.append(Ended(order.id, Event.EXPIRED, command, sequence))
            return
        # An exit ends with the order that it belongs to, whose turn comes after it.
        if order.instrument_id in turn.halted and order.parent_id is None:
            turn.batch.orders[order.id] = order
            turn.batch.steps.append(Ended(order.id, Event.DENIED, command, sequence))
            left = order.for_book().remaining
            self.end_group(turn, order, left=left, ending=Event.CANCELED)
            return
        self.admit(turn, order, command, sequence)

    def _replace(self, turn: Turn, command: Command, sequence: int) -> None:
        """Let an order take over from another, in its place or behind all others."""
        batch, new, old_id = turn.batch, command.order, command.order.replaces_id
        if old_id is None or command.is_finished or command.is_placed or new.id in self.orders:
            return
        old = self.orders.get(old_id)
        if old is None and not command.is_old_finished and old_id not in batch.orders:
            raise BookDiverged(f"order {old_id} works in the database alone")
        batch.orders[new.id] = new
        try:
            old, taken = take_over(
                old,
                new,
                remaining=0 if old is None else self.remaining(old),
                now=turn.now,
                is_halted=new.instrument_id in turn.halted,
            )
        except NoTakeover as reason:
            batch.orders |= {old.id: old} if old else {}
            batch.steps.append(NotReplaced(new.id, old, str(reason), command))
            return
        keeps_place = taken.keeps_place
        batch.orders |= {old.id: old, new.id: taken.order}
        batch.steps.append(Replaced(old.id, taken.order, command, keeps_place))
        self.follow_successor(old, taken.order)
        if keeps_place:
            self.succeed(turn, old, taken.order, command)
            return
        stop = self.take_out(old)
        order = taken.order.following(None if stop is None else stop.mark)
        self.admit(turn, order, command, sequence)

    def _restate(self, turn: Turn, command: Command) -> None:
        order = self._still_working(turn, command)
        if order is not None and command.split is not None:
            self.restater.restate(turn, order, command.split)

    def _still_working(self, turn: Turn, command: Command) -> WorkingOrder | None:
        """The order of a command that comes after its place; none where it ended first."""
        order_id = command.order.id
        order = self.orders.get(order_id)
        if order is None and not command.is_finished and order_id not in turn.batch.orders:
            raise BookDiverged(f"order {order_id} works in the database alone")
        return order

    def _end(self, turn: Turn, command: Command, sequence: int) -> None:
        order = self._still_working(turn, command)
        if order is None:
            return
        batch, order_id = turn.batch, order.id
        batch.orders[order_id] = order
        is_expiry = command.kind is CommandKind.EXPIRE and not order.is_for_auction
        ending = Event.EXPIRED if is_expiry else Event.CANCELED
        left = self.remaining(order)
        self.take_out(order)
        batch.steps.append(Ended(order_id, ending, command, sequence))
        self.end_group(turn, order, left=left, ending=ending)
