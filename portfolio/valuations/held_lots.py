"""The open lots behind one position, for a place that has room for a few of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Window

from portfolio.bookkeeping.amounts import EXACT, product, ten_places
from portfolio.models import Lot, Portfolio
from portfolio.queries import PositionRow
from portfolio.valuations.lot_rows import find_lots


@dataclass(frozen=True, slots=True)
class HeldLot:
    """What is left of units bought at once. Money is in the portfolio's currency."""

    opened_at: datetime
    quantity: Decimal  # units left, > 0
    unit_cost: Decimal  # charges included
    gain: Decimal | None  # at the position's price; None where that has none, or no rate


@dataclass(frozen=True, slots=True)
class HeldLots:
    """The first of them, in the order of the lots' own page, and how many there are in all."""

    rows: list[HeldLot]
    count: int

    @property
    def are_all(self) -> bool:
        return len(self.rows) == self.count


def held_lots(portfolio: Portfolio, position: PositionRow, *, at_most: int) -> HeldLots:
    """The open lots of a position of the portfolio; one query, however many there are."""
    lots = find_lots(portfolio, instrument_id=position.instrument_id, is_open=True)
    found = list(lots.annotate(in_all=Window(Count("id")))[:at_most])
    rows = [_held_lot(lot, position) for lot in found]
    return HeldLots(rows, found[0].in_all if found else 0)


def _held_lot(lot: Lot, position: PositionRow) -> HeldLot:
    units, cost, quote = lot.remaining_quantity, lot.remaining_cost, position.quote
    return HeldLot(
        opened_at=lot.opened_at,
        quantity=units,
        unit_cost=ten_places(EXACT.divide(cost, units)),
        gain=None if quote is None else product(units, quote.last) - cost,
    )
