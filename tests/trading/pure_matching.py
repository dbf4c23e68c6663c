"""A shard without a database: its commands, what it says came of them, and the plain market beside.

What a database would hold is kept here, as the steps of each batch say, and a shard can be built
from it anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any, Final
from uuid import UUID

from market.values import QuoteValue
from tests.trading.plain_market import PlainMarket
from tests.trading.plain_orders import ASLEEP, BOOK, OUT, STOP, Plain
from tests.trading.plain_trading import PlainFill, filled_by
from tests.trading.pure_holds import Holds
from trading.exchange.offers import Used
from trading.shards.batch_rows import Progress
from trading.shards.batches import (
    QUANTITY_STEPS,
    Batch,
    Command,
    Listing,
    Matched,
    Restated,
    WorkingOrder,
)
from trading.shards.changes import Changes
from trading.shards.shard import Shard
from trading.shards.split_terms import SplitTerms
from trading.shards.steps import apply_step
from trading.states import CommandKind, Side, Status

FRESH_SECONDS: Final = 15


@dataclass
class Known:
    """An order as a database would hold it."""

    order: WorkingOrder
    status: Status = Status.PENDING_NEW
    filled_amount: Decimal = Decimal(0)

    @property
    def is_finished(self) -> bool:
        return self.status in Status.terminal()


class Matching:
    """Commands, a shard and the plain market, which must agree after each match."""

    def __init__(self, instruments: Iterable[int], *, collar_bps: int, now: datetime) -> None:
        self.now = now
        self.known: dict[UUID, Known] = {}
        self.log: list[tuple[object, ...]] = []
        self.commands_asked = 0
        self._instruments = tuple(instruments)
        self._collar_bps = collar_bps
        self._numbers = count(1)
        self._commands: list[tuple[int, CommandKind, UUID]] = []
        self._splits: dict[int, SplitTerms] = {}  # by command
        self._restated: set[tuple[UUID, UUID]] = set()  # orders, and for which split
        self._holds = Holds()
        self._quotes: dict[int, QuoteValue] = {}
        self._used: Used = defaultdict(lambda: defaultdict(list))
        self._plain = PlainMarket(fresh_seconds=FRESH_SECONDS, collar_bps=collar_bps)
        self._shard = self._build(next_sequence=1)

    def new_id(self) -> UUID:
        return UUID(int=next(self._numbers))

    def new_order(
        self, who: int, instrument_id: int, size: int, listing: Listing, **fields: Any
    ) -> WorkingOrder:
        return WorkingOrder(
            id=self.new_id(),
            portfolio_id=UUID(int=who),
            owner_id=UUID(int=who),
            instrument_id=instrument_id,
            currency="USD",
            listing=listing,
            quantity=Decimal(size) / QUANTITY_STEPS,
            filled_quantity=Decimal(0),
            schedule="free",
            **fields,
        )

    def record(self, order: WorkingOrder, kind: CommandKind) -> None:
        self.known[order.id] = Known(order)
        self._holds.place(order, kind)
        self.ask(kind, order)

    def ask(self, kind: CommandKind, order: WorkingOrder) -> None:
        self._commands.append((next(self._numbers), kind, order.id))
        self.commands_asked += 1

    def ask_to_restate(self, instrument_id: int, split: SplitTerms) -> None:
        """As ``split_orders`` does: one command for each order, whatever else is asked of it."""
        found = [one.order for one in self.working() if one.order.instrument_id == instrument_id]
        for order in sorted(found, key=lambda one: one.id):
            self.ask(CommandKind.RESTATE, order)
            self._splits[self._commands[-1][0]] = split

    def is_being_restated(self, order: WorkingOrder) -> bool:
        """Whether the matcher has yet to come to it; what it is for is in units of before."""
        return any(
            order_id == order.id and (order_id, split.split_id) not in self._restated
            for number, _, order_id in self._commands
            if (split := self._splits.get(number)) is not None
        )

    def show(self, quote: QuoteValue) -> None:
        self._quotes[quote.instrument_id] = quote

    def working(self) -> list[Known]:
        return [known for known in self.known.values() if not known.is_finished]

    def match_commands(
        self,
        *,
        most: int,
        closed: frozenset[int],
        extended: frozenset[int],
        halted: frozenset[int],
    ) -> None:
        """Do the oldest commands, and say where the two differ.

        Raises:
            AssertionError: they do, or a step was not one that the table of states allows.
        """
        self._ask_for_ends()
        told, self._commands = self._commands[:most], self._commands[most:]
        hours: dict[str, Any] = {"closed": closed, "extended": extended, "halted": halted}
        commands = [self._command(*one) for one in told]
        batch = self._shard.match(commands, quotes=self._quotes, now=self.now, **hours)
        self._plain.step(commands, quotes=self._quotes, now=self.now, **hours)
        fills = self._keep(batch)
        self.log.append((len(batch.steps), *fills))
        found, expected = filled_by(fills), filled_by(self._plain.fills)
        assert found == expected, (
            f"filled {found.items() - expected.items()}, not {expected.items() - found.items()}"
        )
        assert self._shard.next_sequence == self._plain.numbers + 1, "other numbers"
        for known in self.known.values():
            self._compare(known, is_closed=known.order.instrument_id in closed | halted)
        self._holds.compare([one.order for one in self.known.values()], self._plain)

    def rebuild(self) -> None:
        """Forget the books and build them from what a database would hold."""
        self._shard = self._build(next_sequence=self._shard.next_sequence)
        self._plain.begin_again()

    def _build(self, *, next_sequence: int) -> Shard:
        stood = [one.order for one in self.working() if one.order.priority is not None]
        return Shard(
            sorted(stood, key=lambda order: (order.priority or 0, order.id)),
            next_sequence=next_sequence,
            used={instrument: dict(used) for instrument, used in self._used.items()},
            quote_fresh_seconds=FRESH_SECONDS,
            collar_bps=self._collar_bps,
            band_factor=2,
        )

    def _ask_for_ends(self) -> None:
        """As the matcher does: whose time has come is asked to end, once."""
        asked = {order_id for _, kind, order_id in self._commands if kind is CommandKind.EXPIRE}
        for known in self.working():
            order = known.order
            is_due = order.ends_at is not None and order.ends_at <= self.now
            if is_due and order.id not in asked:
                self.ask(CommandKind.EXPIRE, order)

    def _command(self, number: int, kind: CommandKind, order_id: UUID) -> Command:
        known, split = self.known[order_id], self._splits.get(number)
        replaced = known.order.replaces_id
        if split is not None:
            is_done = (order_id, split.split_id) in self._restated
            split = replace(split, is_done=is_done)
        return Command(
            id=number,
            kind=kind,
            order=known.order,
            actor_id=None,
            is_placed=known.order.priority is not None,
            is_finished=known.is_finished,
            is_old_finished=replaced is not None and self.known[replaced].is_finished,
            split=split,
        )

    def _keep(self, batch: Batch) -> list[PlainFill]:
        """Write down what came of it, as ``execution.write_batch`` would; the fills."""
        progress = {
            order_id: Progress(
                order,
                self.known[order_id].status,
                self.known[order_id].order.filled_quantity,
                self.known[order_id].filled_amount,
            )
            for order_id, order in batch.orders.items()
        }
        changes = Changes(now=self.now, progress=progress)
        for step in batch.steps:
            apply_step(changes, step)
        self._holds.change(changes.hold_changes())
        for order_id, one in progress.items():
            known = self.known[order_id]
            was_queued = known.order.is_queued
            known.status, known.filled_amount = one.status, one.filled_amount
            known.order = replace(
                self._shard.orders.get(order_id, one.order),
                filled_quantity=one.filled_quantity,
                stop_price=known.order.stop_price,  # moved below
                water_mark=known.order.water_mark,
                is_queued=was_queued
                if one.status is Status.SUSPENDED
                else one.status is Status.ACCEPTED,
                is_suspended=one.status is Status.SUSPENDED,
            )
        for order_id, order in self._shard.orders.items():  # exits whose entry was replaced
            known = self.known[order_id]
            known.order = replace(known.order, parent_id=order.parent_id, quantity=order.quantity)
        self._keep_restated(step for step in batch.steps if isinstance(step, Restated))
        for order_id, move in batch.moves.items():
            known = self.known[order_id]
            known.order = replace(
                known.order, stop_price=move.stop_price, water_mark=move.water_mark
            )
        return [
            fill for step in batch.steps if isinstance(step, Matched) for fill in self._fills(step)
        ]

    def _keep_restated(self, steps: Iterable[Restated]) -> None:
        for step in steps:
            known, after = self.known[step.order.id], step.order
            known.order = replace(
                known.order, stop_price=after.stop_price, water_mark=after.water_mark
            )
            self._restated.add((after.id, step.split.split_id))

    def _fills(self, step: Matched) -> Iterable[PlainFill]:
        for trade in step.outcome.trades:
            taker = self.known[trade.taker_id].order
            is_buy, other = taker.side is Side.BUY, trade.maker_id
            sides = (taker.id, other) if is_buy else (other, taker.id)
            if other is None and step.quote_at is not None:
                used = self._used[taker.instrument_id][step.quote_at]
                used.append((is_buy, trade.quantity))
            yield (*sides, trade.price, trade.quantity)

    def _compare(self, known: Known, *, is_closed: bool) -> None:
        order, plain = known.order, self._plain.orders.get(known.order.id)
        if plain is None:
            assert known.status not in Status.terminal()
            assert order.id not in self._shard.orders
            return
        name = f"{order.order_class} {order.side} {order.type} {order.time_in_force} {order.id.int}"
        ended = str(known.status) if known.is_finished else ""
        assert ended == plain.end, f"{name}: {known.status}, not {plain.end or plain.place}"
        filled = int(order.filled_quantity * QUANTITY_STEPS)
        assert filled == plain.filled, f"{name}: filled {filled}, not {plain.filled}"
        assert (order.id in self._shard.orders) == (not ended), f"{name}: forgotten or kept"
        if ended:
            return
        found = self._standing(self._shard.orders[order.id], plain)
        expected: tuple[object, ...] = (
            plain.place,
            plain.left,
            plain.turn,
            plain.parent,
            plain.waits_for,
        )
        if is_closed:  # where it stands is settled when the market opens
            found, expected = (found[0] == STOP, *found[1:]), (plain.place == STOP, *expected[1:])
        assert found == expected, f"{name}: {found}, not {expected}"

    def _standing(self, order: WorkingOrder, plain: Plain) -> tuple[object, ...]:
        """Where the shard has it, with what it has left, and whose turn it is."""
        shard = self._shard
        facts = (shard.remaining(order), order.priority, order.parent_id)
        if order.is_dormant:
            return (ASLEEP, int(order.quantity * QUANTITY_STEPS), *facts[1:], None)
        if order.waits_for_stop:
            stop = shard.stops_of(order).stops.get(order.id)
            # One that was reached after its end has left the stops, and its end waits.
            return (STOP, *facts, plain.waits_for if stop is None else stop.price)
        book = shard.books[order.instrument_id]
        assert book.find(order.id) is not None, "it stands nowhere"
        return (OUT if book.is_waiting(order.id) else BOOK, *facts, None)
