"""What trades of one instrument in one portfolio amount to. Pure.

The same fold applies one new batch and rebuilds a whole history, so that both agree to the byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from portfolio.amounts import ZERO
from portfolio.entries import EntryKind
from portfolio.lots import Closure, OpenLot, close_in_order


@dataclass(frozen=True, slots=True)
class Trade:
    """A buy with its cost or a sell with its proceeds, charges counted in."""

    entry_id: UUID
    kind: EntryKind
    occurred_at: datetime
    quantity: Decimal  # units, > 0
    money: Decimal  # cost of a buy, net proceeds of a sell
    currency: str

    @classmethod
    def of_row(cls, row: Sequence[Any]) -> Trade:
        """An entry's id, kind, time, quantity, amount, fees and taxes together, and currency."""
        entry_id, kind, occurred_at, quantity, amount, charges, currency = row
        money = amount + charges if kind == EntryKind.BUY else amount - charges
        return cls(entry_id, EntryKind(kind), occurred_at, quantity, money, currency)

    @property
    def order(self) -> tuple[datetime, UUID]:
        """Trades apply in this order; ids decide between equal times, so reruns agree."""
        return (self.occurred_at, self.entry_id)


@dataclass(slots=True)
class Holding:
    """Lots of one instrument while trades are applied to them.

    ``quantity``, ``cost`` and ``realised_gain`` are what the trades added, so a holding that
    started with lots already stored tells the difference to the stored position.
    """

    lots: list[OpenLot] = field(default_factory=list)  # by (opened_at, lot_id)
    closures: list[Closure] = field(default_factory=list)
    opened: list[OpenLot] = field(default_factory=list)
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised_gain: Decimal = ZERO
    currency: str = ""
    latest_trade_at: datetime | None = None
    latest_entry_id: UUID | None = None
    used_up: int = 0  # how many lots from the front have nothing left

    def apply(self, trade: Trade) -> None:
        """Apply the next trade; they come in their order.

        Raises:
            OverSold: it sells more than is held.
        """
        if trade.kind == EntryKind.BUY:
            self._buy(trade)
        else:
            self._sell(trade)
        self.currency = trade.currency
        self.latest_trade_at, self.latest_entry_id = trade.order

    @property
    def touched_lots(self) -> Sequence[OpenLot]:
        """Lots that were there before and that sales have used."""
        opened = {lot.lot_id for lot in self.opened}
        used = {closure.lot_id for closure in self.closures} - opened
        return [lot for lot in self.lots if lot.lot_id in used]

    def _buy(self, trade: Trade) -> None:
        lot = OpenLot.opened(
            lot_id=trade.entry_id,
            opened_at=trade.occurred_at,
            quantity=trade.quantity,
            cost=trade.money,
            currency=trade.currency,
        )
        self.lots.append(lot)
        self.opened.append(lot)
        self.quantity += trade.quantity
        self.cost += trade.money

    def _sell(self, trade: Trade) -> None:
        closures = close_in_order(
            islice(self.lots, self.used_up, None),
            quantity=trade.quantity,
            proceeds=trade.money,
            closing_entry_id=trade.entry_id,
            closed_at=trade.occurred_at,
        )
        while self.used_up < len(self.lots) and not self.lots[self.used_up].remaining_quantity:
            self.used_up += 1
        self.closures += closures
        cost = sum((closure.cost for closure in closures), ZERO)
        self.quantity -= trade.quantity
        self.cost -= cost
        self.realised_gain += trade.money - cost


def hold(trades: Iterable[Trade], *, lots: Iterable[OpenLot] = ()) -> Holding:
    """Apply trades in their order to the lots that are open before them.

    Raises:
        OverSold: at some point more is sold than is held.
    """
    holding = Holding(lots=list(lots))
    for trade in sorted(trades, key=lambda trade: trade.order):
        holding.apply(trade)
    return holding
