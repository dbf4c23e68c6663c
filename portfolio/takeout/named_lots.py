"""The lots that activities of a portfolio name, as an import reads them again."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from portfolio.bookkeeping.drafts import EntryKind
from portfolio.imports.named_lots import NamedLot, write_lots
from portfolio.imports.taking_lots import PARTS
from portfolio.lots import Method
from portfolio.models import JournalEntry, Lot, LotClosure, Portfolio


class Used(NamedTuple):
    """Units of one lot that a sale used."""

    lot_id: UUID
    opening_entry_id: UUID
    external_id: str  # of what opened the lot
    quantity: Decimal


def named_lots(portfolio: Portfolio) -> dict[UUID, str]:
    """By entry, of those alone that name lots; two queries, and two more where sales do."""
    return lots_of_transfers(portfolio) | lots_of_sales(portfolio)


def lots_of_transfers(portfolio: Portfolio) -> dict[UUID, str]:
    """What came with units: quantity, cost and day of each lot."""
    entries = standing(portfolio, EntryKind.TRANSFER_IN)
    return {
        entry_id: json.dumps(lots, separators=(",", ":"))
        for entry_id, lots in entries.items()
        if lots
    }


def lots_of_sales(portfolio: Portfolio) -> dict[UUID, str]:
    """What a sale that names lots has used of each. That is what it names, as far as it was there.

    One that sold more than there was used every lot, whichever it names, so it names none.
    """
    if portfolio.lot_method == Method.AVERAGE:
        return {}
    entries = standing(portfolio, EntryKind.SELL)
    if not entries:
        return {}
    used: dict[UUID, list[Used]] = defaultdict(list)
    closures = LotClosure.objects.filter(closing_entry__in=entries.keys())
    rows = closures.order_by("lot__opened_at", "lot_id").values_list(
        *("closing_entry_id", "lot_id", "lot__opening_entry_id"),
        *("lot__opening_entry__external_id", "quantity"),
    )
    for closing_id, lot_id, opening_id, external_id, quantity in rows:
        used[closing_id].append(Used(lot_id, opening_id, external_id, quantity))
    parts = parts_of(portfolio, {one.opening_entry_id for lots in used.values() for one in lots})
    found = {}
    for closing_id, lots in used.items():
        if all(one.opening_entry_id != closing_id for one in lots):
            wanted = [plain.get("lot_id") for plain in entries[closing_id]]
            lots.sort(key=lambda one: place_of(one, wanted))
            found[closing_id] = write_lots(
                [NamedLot(one.external_id, parts[one.lot_id], one.quantity) for one in lots]
            )
    return found


def standing(portfolio: Portfolio, kind: EntryKind) -> dict[UUID, list[dict[str, str]]]:
    """Lots by entry, of those that name some and were not reversed."""
    entries = JournalEntry.objects.filter(
        portfolio=portfolio, kind=kind.value, lots__isnull=False, reversed_by=None
    )
    return {key: lots for key, lots in entries.values_list("id", "lots") if lots}


def place_of(one: Used, wanted: list[str | None]) -> int:
    """As the sale has named them, those that it did not name last."""
    lot_id = str(one.lot_id)
    return wanted.index(lot_id) if lot_id in wanted else len(wanted)


def parts_of(portfolio: Portfolio, opening: set[UUID]) -> dict[UUID, int]:
    """Which of the lots that one entry opened each is, from 0."""
    rows = Lot.objects.filter(portfolio=portfolio, opening_entry__in=opening).order_by(*PARTS)
    count: dict[tuple[UUID, int], int] = defaultdict(int)
    parts = {}
    for lot_id, entry_id, instrument_id in rows.values_list(
        "id", "opening_entry_id", "instrument_id"
    ):
        parts[lot_id] = count[entry_id, instrument_id]
        count[entry_id, instrument_id] += 1
    return parts
