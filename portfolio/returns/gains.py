"""What sales realised and what is left cost, by each way of choosing lots. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from portfolio.bookkeeping.drafts import EntryKind
from portfolio.lots import Closure, Method
from portfolio.positions import Holding
from portfolio.trades import Trade

__all__ = ["InstrumentGains", "Method", "OpenCost", "RealisedGain", "gains_of"]


@dataclass(frozen=True, slots=True)
class RealisedGain:
    """Units of one lot that one sale used. ``gain = proceeds - cost``, charges counted in.

    ``purchase_id`` is the entry that bought them; None of an average, and of units that arrived.
    """

    instrument_id: int
    opened_at: datetime  # of the average, when the oldest units came that are in it
    closed_at: datetime
    closing_entry_id: UUID
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal
    purchase_id: UUID | None = None

    @property
    def gain(self) -> Decimal:
        return self.proceeds - self.cost


class OpenCost(NamedTuple):
    """What the units that are open had cost, in the portfolio's and the instrument's currency."""

    base: Decimal
    local: Decimal


@dataclass(slots=True)
class InstrumentGains:
    """All closures of one instrument's sales, and what the open units cost after each event.

    ``open_costs`` are of the ends of the days that were asked for.
    """

    realised: list[RealisedGain] = field(default_factory=list)
    costs: list[tuple[datetime, Decimal]] = field(default_factory=list)
    open_costs: dict[date, OpenCost] = field(default_factory=dict)


def gains_of(
    instrument_id: int, trades: Iterable[Trade], method: Method, *, days: Iterable[date] = ()
) -> InstrumentGains:
    """Apply one instrument's trades in their order.

    Args:
        days: of UTC, at whose end it will be asked what the units held had cost.
    """
    found = InstrumentGains()
    holding = Holding(method=method)
    ends = sorted(days, reverse=True)
    ordered = sorted(trades, key=attrgetter("order"))
    for trade in ordered:
        while ends and ends[-1] < trade.occurred_at.date():
            found.open_costs[ends.pop()] = OpenCost(holding.cost, holding.local_cost)
        holding.apply(trade)
        found.costs.append((trade.occurred_at, holding.cost))
    for day in ends:
        found.open_costs[day] = OpenCost(holding.cost, holding.local_cost)
    sales = {trade.entry_id for trade in ordered if trade.kind == EntryKind.SELL}
    bought = {trade.entry_id for trade in ordered if trade.kind == EntryKind.BUY}
    if method == Method.AVERAGE:
        bought = set()
    opened = {lot.lot_id: lot.opened_at for lot in holding.lots}
    found.realised = realised_of(instrument_id, holding.closures, sales, opened, bought)
    return found


def realised_of(
    instrument_id: int,
    closures: Iterable[Closure],
    sales: set[UUID],
    opened: Mapping[UUID, datetime],
    bought: set[UUID],
) -> list[RealisedGain]:
    """What sales realised; units that were delivered elsewhere realise nothing."""
    return [
        RealisedGain(
            instrument_id=instrument_id,
            opened_at=opened[one.lot_id],
            closed_at=one.closed_at,
            closing_entry_id=one.closing_entry_id,
            quantity=one.quantity,
            cost=one.cost,
            proceeds=one.proceeds,
            purchase_id=one.lot_id if one.lot_id in bought else None,
        )
        for one in closures
        if one.closing_entry_id in sales
    ]
