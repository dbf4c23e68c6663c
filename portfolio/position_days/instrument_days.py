"""What crossed between one instrument and the rest of its portfolio, day by day, and what all
of them earned and were charged. Pure.

To an instrument the portfolio is outside: purchases and units that arrive are paid in, sales,
income and units that leave are taken out. Money in the portfolio's currency, at booked rates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.trades import Trade

# What so many units of an instrument were worth on a day; None without a price or a rate.
Worth = Callable[[int, Decimal, date], Decimal | None]


@dataclass(slots=True)
class InstrumentDay:
    """All >= 0 but ``units`` and costs; flows are None where units moved that had no price."""

    units: Decimal = ZERO  # by which the holding changed
    inflow: Decimal | None = ZERO
    outflow: Decimal | None = ZERO
    income: Decimal = ZERO  # gross
    charges: Decimal = ZERO  # withheld from income
    trade_charges: Decimal = ZERO  # within the flows
    # By which the cost of what is held changed, in the portfolio's and the instrument's currency.
    cost: Decimal = ZERO
    local_cost: Decimal = ZERO

    def add(self, amount: Decimal | None) -> None:
        """Something came in, or left where it is below zero."""
        if amount is None or self.inflow is None or self.outflow is None:
            self.inflow = self.outflow = None
        elif amount > 0:
            self.inflow += amount
        else:
            self.outflow -= amount


@dataclass(slots=True)
class InstrumentDays:
    """Days on which something moved; days of no other interest are not there."""

    days: dict[date, InstrumentDay] = field(default_factory=dict)

    def on(self, day: date) -> InstrumentDay:
        found = self.days.get(day)
        if found is None:
            found = self.days[day] = InstrumentDay()
        return found

    def held_by(self, day: date) -> Decimal:
        """Units at the end of a day."""
        return sum((one.units for on, one in self.days.items() if on <= day), ZERO)


@dataclass(slots=True)
class Earned:
    """Income and charges of one day, of a whole portfolio and in its currency.

    ``income`` is gross; ``fees`` and ``taxes`` are what stood alone or was withheld from income.
    """

    income: Decimal = ZERO
    fees: Decimal = ZERO
    taxes: Decimal = ZERO
    trade_fees: Decimal = ZERO  # within what trades cost and brought
    trade_taxes: Decimal = ZERO


EarnedByDay = defaultdict[date, Earned]  # days without any are not there


@dataclass(frozen=True, slots=True)
class Moved:
    """What the entries of a portfolio did to each instrument, and what they earned, by day."""

    instruments: Mapping[int, InstrumentDays] = field(default_factory=dict)
    earned: Mapping[date, Earned] = field(default_factory=dict)


def note_trades(found: Mapping[int, InstrumentDays], trades: Mapping[int, Iterable[Trade]]) -> None:
    """Purchases and sales, at what they cost and brought, charges counted in."""
    for instrument_id, of_instrument in trades.items():
        for trade in of_instrument:
            if trade.kind == EntryKind.BUY:
                found[instrument_id].on(trade.occurred_at.date()).add(trade.money)
            elif trade.kind == EntryKind.SELL:
                found[instrument_id].on(trade.occurred_at.date()).add(-trade.money)


def note_spin_offs(
    found: Mapping[int, InstrumentDays], trades: Mapping[int, Iterable[Trade]], worth: Worth
) -> None:
    """The new instrument's units, at their price, leave the one they came out of."""
    parents = {
        trade.entry_id: instrument_id
        for instrument_id, of_instrument in trades.items()
        for trade in of_instrument
        if trade.kind == EntryKind.SPIN_OFF and trade.cost_share is not None
    }
    for instrument_id, of_instrument in trades.items():
        for trade in of_instrument:
            if trade.kind != EntryKind.SPIN_OFF or trade.cost_share is not None:
                continue
            day = trade.occurred_at.date()
            value = worth(instrument_id, trade.quantity, day)
            found[instrument_id].on(day).add(value)
            parent = parents.get(trade.entry_id)
            if parent is not None:
                found[parent].on(day).add(None if value is None else -value)
