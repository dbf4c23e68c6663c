"""The market the slow way: stops, groups, replacements, hours and halts, to compare with.

It follows what ``docs/matching.md``, ``orders.md``, ``auctions.md`` and ``halts.md`` say and shares
no code with the matcher: only the words in which orders, commands and quotes are told. A tick and
a lot are one step of the books here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Final
from uuid import UUID

from market.values import QuoteValue
from tests.trading.plain_groups import PlainGroups
from tests.trading.plain_orders import ASLEEP, BOOK, COMING, OUT, STOP, Plain, by_turn, steps
from tests.trading.plain_splits import restate_together
from tests.trading.plain_trading import PlainQuote
from trading.shards.batches import QUANTITY_STEPS, Command, WorkingOrder
from trading.states import CommandKind, OrderClass

BASIS_POINTS: Final = 10_000


@dataclass
class PlainMarket(PlainGroups):
    """What every order comes to, whoever it belongs to."""

    collar_bps: int = 0
    numbers: int = 0  # commands done, stops triggered, exits woken
    hours: dict[int, str] = field(default_factory=dict)  # in which all last stood up anew
    looks_again: set[int] = field(default_factory=set)  # at a quote that it knows
    unsettled: set[int] = field(default_factory=set)  # where all stood up and had no turn since
    restated: set[tuple[UUID, UUID]] = field(default_factory=set)  # orders, and for which split

    def step(
        self,
        commands: Sequence[Command],
        *,
        quotes: Mapping[int, QuoteValue],
        closed: frozenset[int],
        halted: frozenset[int],
        extended: frozenset[int],
        now: datetime,
    ) -> None:
        """Auctions that are due, then new prices, then commands in their order."""
        self.now, self.halted, self.extended = now, halted, extended
        self.closed, self.fills = closed | halted, []
        due = sorted({one.instrument for one in self.orders.values() if self._is_due(one)})
        held = [instrument for instrument in due if self._hold_auction(instrument)]
        for instrument in {*due, *quotes, *(one.order.instrument_id for one in commands)}:
            self._heed_hours(instrument)
        for instrument in held:
            self._follow_and_trigger(instrument)
        for quote in quotes.values():
            self._show(quote)
        changed: set[int] = set()  # instruments whose orders are to stand up anew
        for command in commands:
            number = self._number()
            if command.kind is CommandKind.RESTATE:
                self._restate(command, changed)
                continue
            self._stand_up_all(changed)
            if command.kind is CommandKind.PLACE:
                self._place(Plain.of(command.order), number)
            elif command.kind is CommandKind.REPLACE:
                self._replace(command.order, number)
            else:
                self._end(command)
        self._stand_up_all(changed)

    def begin_again(self) -> None:
        """Everybody stands up anew, and looks at the newest quote as if it had just come."""
        self.hours.clear()
        self.looks_again.update(self.quotes)

    # What comes.

    def _heed_hours(self, instrument: int) -> None:
        hours = self.hours_of(instrument)
        if self.hours.get(instrument) != hours:
            self.hours[instrument] = hours
            if hours != "closed":
                self.stand_up(instrument)
                self.unsettled.add(instrument)

    def _show(self, told: QuoteValue) -> None:
        instrument, known = told.instrument_id, self.quotes.get(told.instrument_id)
        if known is None or told.occurred_at > known.at:
            bids, asks = (
                [[steps(price), int(size * QUANTITY_STEPS)] for price, size in side]
                for side in (told.offered_bids, told.offered_asks)
            )
            quote = PlainQuote(told.occurred_at, steps(told.last), bids, asks)
            self.quotes[instrument] = quote
        elif instrument not in self.looks_again:
            return
        self.looks_again.discard(instrument)
        if self._hold_auction(instrument):
            self._follow_and_trigger(instrument)
        if self.fresh(instrument) is None or instrument in self.closed:
            return
        self.unsettled.discard(instrument)
        self.tell([*self.retry(instrument), *self.meet_quote(instrument)])
        self._follow()
        self._trigger(instrument)

    def _place(self, order: Plain, number: int) -> None:
        if order.id in self.orders:
            return
        self.orders[order.id] = order
        if order.ends_at is not None and order.ends_at <= self.now:
            order.end = "expired"
        elif order.instrument in self.halted and order.parent is None:
            order.end = "denied"
            self._end_group(order)
        else:
            self._admit(order, number)

    def _admit(self, order: Plain, number: int) -> None:
        order.turn = number
        if order.place == ASLEEP:
            return
        order.place = COMING
        if order.is_stop:
            order.place = STOP
            self._trigger(order.instrument)
            return
        self._arrive(order)
        self._follow_and_trigger(order.instrument)

    def _replace(self, told: WorkingOrder, number: int) -> None:
        new = Plain.of(told)
        if new.id in self.orders or told.replaces_id is None:
            return
        self.orders[new.id] = new
        old = self.orders[told.replaces_id]
        wanted = int(told.filled_before * QUANTITY_STEPS) + new.quantity - old.filled
        wanted = old.left if old.is_exit else wanted
        if (
            old.end
            or new.instrument in self.halted
            or old.is_triggered != new.is_triggered
            or (new.until is not None and new.until <= self.now)
            or (old.is_entry and old.filled)
            or wanted <= 0
        ):
            new.end = "rejected"
            return
        sleeps = old.place == ASLEEP
        keeps_turn = sleeps or (wanted <= old.left and old.terms == new.terms)
        old.end, new.quantity, new.place = "replaced", wanted, old.place
        new.parent = old.parent
        new.held = new.limit * wanted
        if old.place == STOP and old.heard:
            new.heard = list(old.heard)
        for leg in [one for one in self.orders.values() if one.parent == old.id and not one.end]:
            leg.parent = new.id
            leg.quantity = wanted if new.is_entry else leg.quantity
        if not keeps_turn:
            self._admit(new, number)
            return
        new.turn, new.is_queued, new.is_asleep = old.turn, old.is_queued, old.is_asleep

    def _end(self, command: Command) -> None:
        order = self.orders.get(command.order.id)
        if order is None or order.end:
            return
        is_expiry = command.kind is CommandKind.EXPIRE and not order.is_for_auction
        order.end = "expired" if is_expiry else "canceled"
        self._end_group(order, ending=order.end)

    def _restate(self, command: Command, changed: set[int]) -> None:
        """A split overtakes an order and its group, each once."""
        order, split = self.orders.get(command.order.id), command.split
        if order is None or order.end or split is None:
            return
        if (order.id, split.split_id) in self.restated:
            return
        group = [one for one in self.family_of(order) if not one.end]
        self.restated.update((one.id, split.split_id) for one in group)
        restate_together(group, Fraction(split.ratio_to, split.ratio_from))
        changed.add(order.instrument)

    def _stand_up_all(self, changed: set[int]) -> None:
        for instrument in changed:
            self.stand_up(instrument)
            self.unsettled.add(instrument)
        changed.clear()

    def _arrive(self, order: Plain) -> None:
        """An order comes to the market: new, awake or triggered."""
        if not self.may_trade(order):
            order.place, order.is_queued = OUT, order.may_rest
            order.is_asleep = order.instrument not in self.closed
            order.end = "" if order.may_rest else "canceled"
            self.tell([(order, [])])
            return
        if order.instrument in self.unsettled:
            self.unsettled.discard(order.instrument)
            self.tell(self.retry(order.instrument))
        met: list[Plain] = []
        if order.ending == "fok" and self.reachable(order) < order.left:
            order.end = "canceled"
        else:
            met, met_own = self.take(order)
            self.settle(order, met_own=met_own)
        self.tell([(order, met)])
        if not order.end and order.place == BOOK:
            self.tell(self.retry(order.instrument))

    def _trigger(self, instrument: int) -> None:
        """Stops that the last price has reached take their turns, in the order they came."""
        quote = self.fresh(instrument)
        if quote is None or self.hours_of(instrument) != "regular":
            return
        waiting = by_turn(self.standing(instrument, STOP))
        for order in waiting:
            order.heard.append(quote.last)
        is_armed = False
        for order in [one for one in waiting if one.is_reached(quote.last)]:
            if order.end or (order.ends_at is not None and order.ends_at <= self.now):
                continue
            partner = self.partner_of(order)
            if partner is not None:
                partner.end = "canceled"
            order.turn, order.is_triggered = self._number(), True
            if order.is_market and not order.is_buy:
                below = quote.last * (BASIS_POINTS - self.collar_bps) // BASIS_POINTS
                order.limit = max(below, 1)
            self._arrive(order)
            is_armed = self._follow() or is_armed
        if is_armed:
            self._trigger(instrument)

    # Auctions.

    def _is_due(self, order: Plain) -> bool:
        is_waiting = order.is_for_auction and not order.end and order.until is not None
        return is_waiting and order.until is not None and order.until <= self.now

    def _hold_auction(self, instrument: int) -> bool:
        due = [one for one in self.standing(instrument, OUT, BOOK) if self._is_due(one)]
        if not due or self.fresh(instrument) is None or instrument in self.halted:
            return False
        self.tell(self.auction(instrument, due))
        return True

    # Groups.

    def _end_group(self, order: Plain, *, ending: str = "canceled") -> None:
        if order.group is not OrderClass.SIMPLE:
            self.touched[order.id] = ending
            self._follow_and_trigger(order.instrument)

    def _follow_and_trigger(self, instrument: int) -> None:
        if self._follow():
            self._trigger(instrument)

    def _follow(self) -> bool:
        """Let the others of each group follow; true when one began to wait for its stop."""
        is_armed = False
        while self.touched:
            order_id = next(iter(self.touched))
            order, ending = self.orders[order_id], self.touched.pop(order_id)
            news, order.unheard = order.unheard, 0
            partner = self.partner_of(order)
            if order.is_entry:
                for leg in self.legs_of(order) if order.end else []:
                    is_armed = self._follow_entry(order, leg, ending) or is_armed
            elif partner is not None and order.end:
                partner.end = ending
            elif partner is not None and partner.place == ASLEEP and partner.parent == order.id:
                is_armed = self._wake(partner, order.left) or is_armed
            elif partner is not None:
                partner.quantity -= news
        return is_armed

    def _follow_entry(self, entry: Plain, leg: Plain, ending: str) -> bool:
        if not entry.filled:
            leg.end = ending
        elif leg.until is not None and leg.until <= self.now:
            leg.end = "expired"
        elif leg.place == ASLEEP:
            return self._wake(leg, entry.filled)
        return False

    def _wake(self, leg: Plain, quantity: int) -> bool:
        leg.quantity, leg.turn = quantity, self._number()
        if leg.is_stop:
            leg.place = STOP
            return True
        self._arrive(leg)
        return False

    def _number(self) -> int:
        self.numbers += 1
        return self.numbers
