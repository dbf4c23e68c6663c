"""Lots, and how sales use them up. Pure.

Costs and proceeds are rounded half-even to ten places where a lot or a sale is split, and what
remains is the difference: the parts sum to the whole exactly, and nothing costs exactly zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from portfolio.amounts import ZERO, share


class OverSold(Exception):
    """The lots hold fewer units than were sold. ``missing`` > 0."""

    def __init__(self, *, missing: Decimal) -> None:
        super().__init__(f"Short of {missing:f} units to sell.")
        self.missing = missing


@dataclass(slots=True)
class OpenLot:
    """Units acquired at once. ``cost`` is of the whole lot, charges included."""

    lot_id: UUID
    opened_at: datetime
    quantity: Decimal  # units, > 0
    cost: Decimal
    remaining_quantity: Decimal
    remaining_cost: Decimal
    currency: str
    closed_at: datetime | None = None

    @classmethod
    def opened(
        cls, *, lot_id: UUID, opened_at: datetime, quantity: Decimal, cost: Decimal, currency: str
    ) -> OpenLot:
        return cls(
            lot_id=lot_id,
            opened_at=opened_at,
            quantity=quantity,
            cost=cost,
            remaining_quantity=quantity,
            remaining_cost=cost,
            currency=currency,
        )


@dataclass(frozen=True, slots=True)
class Closure:
    """Units of one lot used by one sale; ``proceeds`` are net of charges."""

    lot_id: UUID
    closing_entry_id: UUID
    closed_at: datetime
    quantity: Decimal  # units, > 0
    cost: Decimal
    proceeds: Decimal


def close_in_order(
    lots: Iterable[OpenLot],
    *,
    quantity: Decimal,
    proceeds: Decimal,
    closing_entry_id: UUID,
    closed_at: datetime,
) -> list[Closure]:
    """Match a sale against lots in the order given, and take from them what it used.

    Args:
        lots: those of one instrument in one portfolio, the first to be used first; first in,
            first out is by ``(opened_at, lot_id)``. The lots used are changed in place.
        quantity: units sold, > 0.
        proceeds: what the sale brought, net of charges; it may be < 0.

    Returns:
        Closures in the order lots were used; their quantities sum to ``quantity`` and their
        proceeds to ``proceeds``.

    Raises:
        OverSold: the lots hold fewer units; the lots are then half used up.
    """
    closures = []
    remaining, undistributed = quantity, proceeds
    for lot in lots:
        if not lot.remaining_quantity:
            continue
        taken = min(lot.remaining_quantity, remaining)
        cost = share(lot.remaining_cost, part=taken, whole=lot.remaining_quantity)
        brought = share(undistributed, part=taken, whole=remaining)
        closures.append(Closure(lot.lot_id, closing_entry_id, closed_at, taken, cost, brought))
        lot.remaining_quantity -= taken
        lot.remaining_cost -= cost
        if not lot.remaining_quantity:
            lot.closed_at = closed_at
        remaining -= taken
        undistributed -= brought
        if remaining == ZERO:
            return closures
    raise OverSold(missing=remaining)
