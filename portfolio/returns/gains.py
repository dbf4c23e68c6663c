"""What sales realised and what is left cost, by each way of choosing lots. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from uuid import UUID

from portfolio.amounts import EXACT, ZERO
from portfolio.entries import EntryKind
from portfolio.lots import Closure, OpenLot, close_in_order
from portfolio.positions import Trade


class Method(StrEnum):
    """Which lots a sale uses."""

    FIFO = "fifo"  # the oldest
    LIFO = "lifo"  # the newest
    HIFO = "hifo"  # those that cost most a unit, the oldest of equals
    AVERAGE = "average"  # all alike: one lot at the running average


@dataclass(frozen=True, slots=True)
class RealisedGain:
    """Units of one lot that one sale used. ``gain = proceeds - cost``, charges counted in."""

    instrument_id: int
    opened_at: datetime  # of the average, when the oldest units came that are in it
    closed_at: datetime
    closing_entry_id: UUID
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal

    @property
    def gain(self) -> Decimal:
        return self.proceeds - self.cost


@dataclass(slots=True)
class InstrumentGains:
    """All closures of one instrument's trades, and what the open units cost after each trade."""

    realised: list[RealisedGain] = field(default_factory=list)
    costs: list[tuple[datetime, Decimal]] = field(default_factory=list)

    def cost_at_end_of(self, day: date) -> Decimal:
        """What the units held at the end of that day of UTC had cost."""
        cost = ZERO
        for moment, after in self.costs:
            if moment.date() > day:
                break
            cost = after
        return cost


def gains_of(instrument_id: int, trades: Iterable[Trade], method: Method) -> InstrumentGains:
    """Apply one instrument's trades in their order.

    Raises:
        OverSold: at some point more is sold than is held.
    """
    found = InstrumentGains()
    lots: list[OpenLot] = []
    cost = ZERO
    for trade in sorted(trades, key=attrgetter("order")):
        if trade.kind == EntryKind.BUY:
            _buy(lots, trade, method)
            cost += trade.money
        else:
            realised = _sell(instrument_id, lots, trade, method)
            found.realised += realised
            cost -= sum((one.cost for one in realised), ZERO)
            lots = [lot for lot in lots if lot.remaining_quantity]
        found.costs.append((trade.occurred_at, cost))
    return found


def _buy(lots: list[OpenLot], trade: Trade, method: Method) -> None:
    """Add what was bought; under the average there is never more than one lot."""
    opened_at, quantity, cost = trade.occurred_at, trade.quantity, trade.money
    if method == Method.AVERAGE and lots:
        pool = lots.pop()
        opened_at = pool.opened_at
        quantity += pool.remaining_quantity
        cost += pool.remaining_cost
    lots.append(
        OpenLot.opened(
            lot_id=trade.entry_id,
            opened_at=opened_at,
            quantity=quantity,
            cost=cost,
            currency=trade.currency,
        )
    )


def _sell(
    instrument_id: int, lots: list[OpenLot], trade: Trade, method: Method
) -> list[RealisedGain]:
    closures = close_in_order(
        _in_order(lots, method),
        quantity=trade.quantity,
        proceeds=trade.money,
        closing_entry_id=trade.entry_id,
        closed_at=trade.occurred_at,
    )
    opened = {lot.lot_id: lot.opened_at for lot in lots}
    return [_realised(instrument_id, closure, opened[closure.lot_id]) for closure in closures]


def _in_order(lots: list[OpenLot], method: Method) -> list[OpenLot]:
    """Lots, which come oldest first, in the order in which a sale uses them."""
    if method == Method.LIFO:
        return lots[::-1]
    if method == Method.HIFO:
        return sorted(lots, key=lambda lot: EXACT.divide(lot.cost, lot.quantity), reverse=True)
    return lots


def _realised(instrument_id: int, closure: Closure, opened_at: datetime) -> RealisedGain:
    return RealisedGain(
        instrument_id=instrument_id,
        opened_at=opened_at,
        closed_at=closure.closed_at,
        closing_entry_id=closure.closing_entry_id,
        quantity=closure.quantity,
        cost=closure.cost,
        proceeds=closure.proceeds,
    )
