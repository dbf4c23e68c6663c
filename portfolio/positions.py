"""What happened to one instrument in one portfolio, and what it amounts to. Pure.

The same fold applies one new batch and rebuilds a whole history, so that both agree to the byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby, islice
from uuid import UUID, uuid5

from portfolio.bookkeeping.amounts import EXACT, ZERO, share, stored_units
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.lots import DUST, Closure, Method, OpenLot, close_in_order, in_order, units_of
from portfolio.stored_lots import in_ten_places, merged
from portfolio.trades import ArrivingLot, Trade, UnitMove, opened_lots


@dataclass(slots=True)
class Holding:
    """Lots of one instrument while trades are applied to them.

    ``quantity``, ``cost`` and ``realised_gain`` are what the trades added, so a holding that
    started with lots already stored tells the difference to the stored position.
    """

    lots: list[OpenLot] = field(default_factory=list)  # by their order
    method: Method = Method.FIFO
    closures: list[Closure] = field(default_factory=list)
    opened: list[OpenLot] = field(default_factory=list)
    # Units that an entry changed beyond what it says itself: splits, and what was missing.
    effects: dict[UUID, Decimal] = field(default_factory=dict)
    moves: list[UnitMove] = field(default_factory=list)
    carriers: set[UUID] = field(default_factory=set)  # entries whose closures go elsewhere
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised_gain: Decimal = ZERO
    currency: str = ""
    latest_trade_at: datetime | None = None
    latest_entry_id: UUID | None = None
    needs_history: bool = False  # see ``portfolio.models.Position``
    used_up: int = 0  # how many lots from the front have nothing left

    def apply_at_once(self, trades: Sequence[Trade]) -> None:
        """Apply everything of the next moment, in its order but for sales that must wait."""
        waiting = []
        for trade in trades:
            if len(trades) > 1 and trade.may_wait and self._lacks(trade):
                waiting.append(trade)
            else:
                self.apply(trade)
        for trade in waiting:
            self.apply(trade)
        self.latest_trade_at, self.latest_entry_id = trades[-1].order

    def apply(self, trade: Trade) -> None:
        """Apply the next trade; they come in their order, see ``hold``.

        More sold than is held is made up by a lot of what is missing, see ``UnitMove``.
        """
        match trade.kind:
            case EntryKind.BUY:
                self._open(trade, arriving=None)
            case EntryKind.SELL:
                self._sell(trade)
            case EntryKind.SPLIT:
                self._split(trade)
            case EntryKind.SPIN_OFF if trade.cost_share is not None:
                self._spin_off(trade)
            case EntryKind.SPIN_OFF:
                self._open(trade, arriving=trade.arriving)
            case EntryKind.TRANSFER_OUT | EntryKind.ADJUSTMENT if trade.is_delivery_out:
                self._deliver(trade)
            case EntryKind.TRANSFER_IN | EntryKind.ADJUSTMENT:
                self._open(trade, arriving=trade.arriving)
                self._note_arrival(trade)
            case other:
                raise AssertionError(f"{other} changes no units")
        self.currency = trade.currency

    @property
    def touched_lots(self) -> Sequence[OpenLot]:
        """Lots that were there before and that sales have used."""
        opened = {lot.lot_id for lot in self.opened}
        used = {closure.lot_id for closure in self.closures} - opened
        return [lot for lot in self.lots if lot.lot_id in used]

    @property
    def local_cost(self) -> Decimal:
        """What the open units had cost in the currency that the instrument is priced in."""
        return sum((lot.remaining_local_cost for lot in self.open_lots), ZERO)

    @property
    def open_lots(self) -> list[OpenLot]:
        return [lot for lot in self.lots[self.used_up :] if lot.remaining_quantity]

    def _open(self, trade: Trade, *, arriving: Sequence[ArrivingLot] | None) -> None:
        for lot in opened_lots(trade, arriving):
            self._add(lot if self.method != Method.AVERAGE else self._pooled(lot, trade))
            self.quantity += lot.quantity
            self.cost += lot.cost

    def _add(self, lot: OpenLot) -> None:
        """Keep lots oldest first; what a transfer carried may be older than what is here."""
        place = len(self.lots)
        while place and self.lots[place - 1].order > lot.order:
            place -= 1
        self.lots.insert(place, lot)
        self.opened.append(lot)
        self.used_up = min(self.used_up, place)

    def _pooled(self, lot: OpenLot, trade: Trade) -> OpenLot:
        """The lot together with all that is held: the running average is one lot."""
        held = self.open_lots
        if not held:
            return lot
        (pool,) = held
        # Closed before it is added to; its cost goes on in the new pool and realises nothing.
        self.closures.append(
            Closure(
                *(pool.lot_id, trade.entry_id, trade.occurred_at),
                *(pool.remaining_quantity, pool.remaining_cost, pool.remaining_cost),
            )
        )
        merged = replace(
            lot,
            opened_at=min(pool.opened_at, lot.opened_at),
            quantity=EXACT.add(lot.quantity, pool.remaining_quantity),
            remaining_quantity=EXACT.add(lot.quantity, pool.remaining_quantity),
            cost=lot.cost + pool.remaining_cost,
            remaining_cost=lot.cost + pool.remaining_cost,
            local_cost=lot.local_cost + pool.remaining_local_cost,
            acquired_at=trade.occurred_at,
        )
        pool.remaining_quantity = pool.remaining_cost = ZERO
        pool.closed_at = trade.occurred_at
        return merged

    def _sell(self, trade: Trade) -> None:
        self._make_up(trade)
        closures = self._close(trade, quantity=trade.quantity, proceeds=trade.money)
        cost = sum((closure.cost for closure in closures), ZERO)
        self.quantity -= trade.quantity
        self.cost -= cost
        self.realised_gain += trade.money - cost

    def _deliver(self, trade: Trade) -> None:
        """Units leave at their cost: nothing is realised."""
        self._make_up(trade)
        quantity = abs(trade.quantity)
        closures = self._close(trade, quantity=quantity, proceeds=ZERO)
        closures = [replace(closure, proceeds=closure.cost) for closure in closures]
        self.closures[len(self.closures) - len(closures) :] = closures
        cost = sum((closure.cost for closure in closures), ZERO)
        self.quantity -= quantity
        self.cost -= cost
        self.carriers.add(trade.entry_id)
        self._note_move(trade, -quantity, -cost)

    def _close(self, trade: Trade, *, quantity: Decimal, proceeds: Decimal) -> list[Closure]:
        named, rest, undistributed = [], quantity, proceeds
        for pick in self._usable_picks(trade):
            lot, taken = pick
            brought = share(undistributed, part=taken, whole=rest)
            named += self._take([lot], trade, taken, brought)
            rest = EXACT.subtract(rest, taken)
            undistributed -= brought
        closures = merged(named)
        if rest > DUST:
            lots = self.lots if self.method == Method.FIFO else self.open_lots
            start = self.used_up if self.method == Method.FIFO else 0
            ordered = islice(in_order(lots, self.method), start, None)
            closures = merged([*closures, *self._take(ordered, trade, rest, undistributed)])
        while self.used_up < len(self.lots) and not self.lots[self.used_up].remaining_quantity:
            self.used_up += 1
        closures = in_ten_places(closures, quantity)
        self.closures += closures
        return closures

    def _take(
        self, lots: Iterable[OpenLot], trade: Trade, quantity: Decimal, proceeds: Decimal
    ) -> list[Closure]:
        return close_in_order(
            lots,
            quantity=quantity,
            proceeds=proceeds,
            closing_entry_id=trade.entry_id,
            closed_at=trade.occurred_at,
        )

    def _usable_picks(self, trade: Trade) -> Iterable[tuple[OpenLot, Decimal]]:
        """The lots that a sale names, as far as they are still there."""
        if not trade.picks or self.method == Method.AVERAGE:
            return
        by_id = {lot.lot_id: lot for lot in self.open_lots}
        rest = abs(trade.quantity)
        for pick in trade.picks:
            lot = by_id.get(pick.lot_id)
            taken = ZERO if lot is None else min(pick.quantity, lot.remaining_quantity, rest)
            if lot is not None and taken:
                rest = EXACT.subtract(rest, taken)
                yield lot, taken

    def _split(self, trade: Trade) -> None:
        if trade.ratio_from is None or trade.ratio_to is None:
            raise AssertionError("a split without a ratio")
        before = stored_units(units_of(self.open_lots))
        for lot in self.open_lots:
            lot.scale(ratio_from=trade.ratio_from, ratio_to=trade.ratio_to)
        effect = stored_units(units_of(self.open_lots)) - before
        self.quantity += effect
        if effect:
            self.effects[trade.entry_id] = effect

    def _spin_off(self, trade: Trade) -> None:
        """A fraction of each lot's cost leaves with its part of the new instrument's units."""
        held, given = self.open_lots, ZERO
        total, so_far = units_of(held), ZERO
        for lot in held:
            so_far = EXACT.add(so_far, lot.remaining_quantity)
            upto = share(trade.quantity, part=so_far, whole=total)
            cost = share(lot.remaining_cost, part=trade.cost_share or ZERO, whole=Decimal(1))
            lot.remaining_cost -= cost
            self.cost -= cost
            self.closures.append(
                Closure(
                    *(lot.lot_id, trade.entry_id, trade.occurred_at, ZERO, cost, cost),
                    carried_quantity=upto - given,
                )
            )
            given = upto
        self.carriers.add(trade.entry_id)

    def _lacks(self, trade: Trade) -> bool:
        """Whether fewer units are held than the trade needs."""
        return EXACT.subtract(abs(trade.quantity), units_of(self.open_lots)) > DUST

    def _make_up(self, trade: Trade) -> None:
        """Open a lot of the units that a sale needs and nobody is known to have acquired."""
        held, needed = units_of(self.open_lots), abs(trade.quantity)
        missing = stored_units(EXACT.subtract(needed, held))
        if missing <= DUST:
            return
        is_sale = trade.kind == EntryKind.SELL
        worth = share(trade.money, part=missing, whole=needed) if is_sale else ZERO
        local = trade.money if trade.local_money is None else trade.local_money
        lot = OpenLot.opened(
            lot_id=uuid5(trade.entry_id, "missing"),
            opened_at=trade.occurred_at,
            quantity=missing,
            cost=max(worth, ZERO),
            currency=trade.currency,
            local_cost=max(share(local, part=missing, whole=needed), ZERO) if is_sale else ZERO,
            is_missing=True,
            entry_id=trade.entry_id,
        )
        self._add(lot if self.method != Method.AVERAGE else self._pooled(lot, trade))
        self.quantity += missing
        self.cost += lot.cost
        self.effects[trade.entry_id] = missing
        self.moves.append(
            UnitMove(
                *(trade.entry_id, trade.occurred_at, missing, lot.cost),
                value=lot.cost if is_sale else None,
                missing_quantity=missing,
                found_quantity=stored_units(held),
            )
        )

    def _note_move(self, trade: Trade, quantity: Decimal, cost: Decimal) -> None:
        if self.moves and self.moves[-1].entry_id == trade.entry_id:
            made_up = self.moves.pop()
            self.moves.append(
                replace(made_up, quantity=made_up.quantity + quantity, cost=made_up.cost + cost)
            )
        else:
            self.moves.append(UnitMove(trade.entry_id, trade.occurred_at, quantity, cost))

    def _note_arrival(self, trade: Trade) -> None:
        lots = opened_lots(trade, trade.arriving)
        missing = units_of(lot for lot in lots if lot.is_missing)
        cost = sum((lot.cost for lot in lots), ZERO)
        self.moves.append(
            UnitMove(
                *(trade.entry_id, trade.occurred_at, trade.quantity, cost),
                missing_quantity=stored_units(missing),
                found_quantity=stored_units(EXACT.subtract(trade.quantity, missing)),
            )
        )


def hold(
    trades: Iterable[Trade], *, lots: Iterable[OpenLot] = (), method: Method = Method.FIFO
) -> Holding:
    """Apply trades in their order to the lots that are open before them.

    Of one moment a sale of more than is held waits for what comes in at that moment, so whichever
    of them was recorded first, nothing is missing that is there.
    """
    holding = Holding(lots=list(lots), method=method)
    ordered = sorted(trades, key=lambda trade: trade.order)
    for _, at_once in groupby(ordered, key=lambda trade: trade.occurred_at):
        holding.apply_at_once(list(at_once))
    return holding
