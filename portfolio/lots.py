"""Lots, and how sales use them up. Pure.

Costs and proceeds are rounded half-even to ten places where a lot or a sale is split, and what
remains is the difference: the parts sum to the whole exactly, and nothing costs exactly zero.
Units stay exact between events, as thirds after a reverse split are, and are rounded to ten
places when they are stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from portfolio.bookkeeping.amounts import EXACT, ZERO, share

# Two counts of units closer than this are the same when they are stored.
DUST: Final = Decimal("5E-11")


class Method(StrEnum):
    """Which lots a sale uses."""

    FIFO = "fifo"  # the oldest
    LIFO = "lifo"  # the newest
    HIFO = "hifo"  # those that cost most a unit, the oldest of equals
    AVERAGE = "average"  # all alike: one lot at the running average


class OverSold(Exception):
    """The lots hold fewer units than were sold. ``missing`` > 0."""

    def __init__(self, *, missing: Decimal) -> None:
        super().__init__(f"Short of {missing:f} units to sell.")
        self.missing = missing


@dataclass(slots=True)
class OpenLot:
    """Units acquired at once. ``cost`` is of the whole lot, charges included.

    ``added_quantity`` is what splits have added since, < 0 where they took. ``acquired_at`` is
    when the units came into the portfolio: later than ``opened_at`` where a transfer carried
    them. ``local_cost`` is the cost in the currency that the instrument is priced in.
    """

    lot_id: UUID
    opened_at: datetime
    quantity: Decimal  # units, > 0
    cost: Decimal
    remaining_quantity: Decimal
    remaining_cost: Decimal
    currency: str
    closed_at: datetime | None = None
    local_cost: Decimal = ZERO
    added_quantity: Decimal = ZERO
    is_missing: bool = False  # sold or delivered although no acquisition was recorded
    entry_id: UUID | None = None  # what opened it, where that is not what the lot is named after
    acquired_at: datetime | None = None

    @classmethod
    def opened(
        cls,
        *,
        lot_id: UUID,
        opened_at: datetime,
        quantity: Decimal,
        cost: Decimal,
        currency: str,
        local_cost: Decimal | None = None,
        is_missing: bool = False,
        entry_id: UUID | None = None,
        acquired_at: datetime | None = None,
    ) -> OpenLot:
        return cls(
            lot_id=lot_id,
            opened_at=opened_at,
            quantity=quantity,
            cost=cost,
            remaining_quantity=quantity,
            remaining_cost=cost,
            currency=currency,
            local_cost=cost if local_cost is None else local_cost,
            is_missing=is_missing,
            entry_id=entry_id,
            acquired_at=acquired_at,
        )

    @property
    def order(self) -> tuple[datetime, datetime]:
        """Oldest first; of equal ones that which came into the portfolio first.

        Lots are told apart by nothing else: ids are others in a copy of the same books. Of one
        moment they stay as they came.
        """
        return (self.opened_at, self.acquired_at or self.opened_at)

    @property
    def unit_cost(self) -> Decimal:
        return EXACT.divide(self.remaining_cost, self.remaining_quantity)

    @property
    def remaining_local_cost(self) -> Decimal:
        """A lot has one rate, so its cost in both currencies shrinks alike."""
        if not self.remaining_cost:
            return ZERO
        return share(self.local_cost, part=self.remaining_cost, whole=self.cost)

    def scale(self, *, ratio_from: Decimal, ratio_to: Decimal) -> None:
        """Turn ``ratio_from`` units into ``ratio_to``, at the same cost."""
        before = self.remaining_quantity
        after = EXACT.divide(EXACT.multiply(before, ratio_to), ratio_from)
        self.remaining_quantity = after
        self.added_quantity = EXACT.add(self.added_quantity, EXACT.subtract(after, before))


@dataclass(frozen=True, slots=True)
class Closure:
    """Units of one lot used by one sale; ``proceeds`` are net of charges.

    A spin-off uses no units but takes cost, which goes with ``carried_quantity`` units of the
    new instrument.
    """

    lot_id: UUID
    closing_entry_id: UUID
    closed_at: datetime
    quantity: Decimal  # units, >= 0
    cost: Decimal
    proceeds: Decimal
    carried_quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LotPick:
    """Units of one lot that a sale names."""

    lot_id: UUID
    quantity: Decimal  # units, > 0


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
            first out is by ``OpenLot.order``. The lots used are changed in place.
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
        if abs(EXACT.subtract(lot.remaining_quantity, remaining)) <= DUST:
            taken = lot.remaining_quantity
            brought = undistributed
            remaining = taken
        else:
            brought = share(undistributed, part=taken, whole=remaining)
        cost = share(lot.remaining_cost, part=taken, whole=lot.remaining_quantity)
        closures.append(Closure(lot.lot_id, closing_entry_id, closed_at, taken, cost, brought))
        lot.remaining_quantity = EXACT.subtract(lot.remaining_quantity, taken)
        lot.remaining_cost -= cost
        if not lot.remaining_quantity:
            lot.closed_at = closed_at
        remaining = EXACT.subtract(remaining, taken)
        undistributed -= brought
        if remaining == ZERO:
            return closures
    raise OverSold(missing=remaining)


def in_order(lots: Sequence[OpenLot], method: Method) -> Sequence[OpenLot]:
    """Lots, which come oldest first, in the order in which a sale uses them."""
    if method == Method.LIFO:
        return lots[::-1]
    if method == Method.HIFO:
        still_open = [lot for lot in lots if lot.remaining_quantity]
        return sorted(still_open, key=lambda lot: lot.unit_cost, reverse=True)
    return lots


def units_of(lots: Iterable[OpenLot]) -> Decimal:
    """What the lots have left in all, exactly."""
    total = ZERO
    for lot in lots:
        total = EXACT.add(total, lot.remaining_quantity)
    return total
