"""Closures and lots as they are stored: in ten places that sum to the whole. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from portfolio.bookkeeping.amounts import EXACT, ZERO, stored_units
from portfolio.lots import (
    Closure,
    OpenLot,
)


def merged(closures: Sequence[Closure]) -> list[Closure]:
    """One closure for each lot, in the order of first use."""
    found: dict[UUID, Closure] = {}
    for one in closures:
        before = found.get(one.lot_id)
        found[one.lot_id] = one if before is None else together(before, one)
    return list(found.values())


def together(one: Closure, other: Closure) -> Closure:
    return replace(
        one,
        quantity=EXACT.add(one.quantity, other.quantity),
        cost=one.cost + other.cost,
        proceeds=one.proceeds + other.proceeds,
    )


def in_ten_places(closures: Sequence[Closure], quantity: Decimal) -> list[Closure]:
    """Closures whose quantities are stored in ten places and still sum to the sale's."""
    if all(one.quantity == stored_units(one.quantity) for one in closures):
        return list(closures)
    stored, so_far, given = [], ZERO, ZERO
    for one in closures:
        so_far = EXACT.add(so_far, one.quantity)
        upto = quantity if one is closures[-1] else stored_units(so_far)
        stored.append(replace(one, quantity=upto - given))
        given = upto
    return stored


def stored_lots(lots: Sequence[OpenLot], closures: Iterable[Closure]) -> list[OpenLot]:
    """Lots as they are stored: units in ten places that sum to the rounded whole.

    What rounding shifts is counted to what splits have added.
    """
    if all(lot.remaining_quantity == stored_units(lot.remaining_quantity) for lot in lots) and all(
        not lot.added_quantity for lot in lots
    ):
        return list(lots)
    used: dict[UUID, Decimal] = {}
    for one in closures:
        used[one.lot_id] = used.get(one.lot_id, ZERO) + one.quantity
    stored, so_far, given = [], ZERO, ZERO
    for lot in lots:
        so_far = EXACT.add(so_far, lot.remaining_quantity)
        upto = stored_units(so_far)
        quantity, rest = stored_units(lot.quantity), upto - given
        added = rest + used.get(lot.lot_id, ZERO) - quantity
        stored.append(
            replace(lot, quantity=quantity, remaining_quantity=rest, added_quantity=added)
        )
        given = upto
    return stored
