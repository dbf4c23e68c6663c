"""Transfers between portfolios that are looked at as one: nothing crossed their common border."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from portfolio.bookkeeping.amounts import ZERO, product
from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.models import JournalEntry, Portfolio, UnitMove
from portfolio.valuations.reading import flows_of
from portfolio.valuations.valuing import DayChange, DayFlow, Move

# Both sides carry one external id, or one moment where each was recorded by itself. Sides of which
# one lies outside of the period stay flows: the other portfolio has not got it yet.
PAIRS: Final = """
SELECT o.id, i.id FROM portfolio_journalentry AS o
JOIN portfolio_journalentry AS i ON i.kind = 'transfer_in' AND i.portfolio_id <> o.portfolio_id
    AND i.instrument_id IS NOT DISTINCT FROM o.instrument_id
    AND i.quantity IS NOT DISTINCT FROM o.quantity
    AND (i.external_id = o.external_id OR i.occurred_at = o.occurred_at)
    AND (i.instrument_id IS NOT NULL OR (i.amount = o.amount AND i.currency = o.currency))
WHERE o.kind = 'transfer_out' AND o.portfolio_id = ANY(%(portfolios)s)
    AND i.portfolio_id = ANY(%(portfolios)s)
    AND NOT EXISTS (SELECT 1 FROM portfolio_journalentry AS r WHERE r.reverses_id IN (o.id, i.id))
    AND least(o.occurred_at, i.occurred_at) >= %(start)s::date::timestamp AT TIME ZONE 'UTC'
    AND greatest(o.occurred_at, i.occurred_at)
        < (%(end)s::date + 1)::timestamp AT TIME ZONE 'UTC'
ORDER BY i.external_id = o.external_id DESC, o.occurred_at, o.id, i.id
"""


def own_transfers(
    portfolios: Sequence[Portfolio], *, start: date, end: date
) -> dict[UUID, dict[date, DayFlow]]:
    """By portfolio and day, what of its flows came from or went to another of them."""
    if len(portfolios) < 2:
        return {}
    ids = [one.id for one in portfolios]
    pairs = fetch_rows(PAIRS, {"portfolios": ids, "start": start, "end": end})
    taken: set[UUID] = set()
    for left, arrived in pairs:
        # A side belongs to one transfer, whichever others look like it.
        if left not in taken and arrived not in taken:
            taken |= {left, arrived}
    if not taken:
        return {}
    changes = changes_of(taken)
    by_id = {one.id: one for one in portfolios}
    return {key: flows_of(by_id[key], found) for key, found in changes.items()}


def changes_of(entry_ids: Collection[UUID]) -> Mapping[UUID, dict[date, DayChange]]:
    """What entries brought and took, by portfolio and day; two queries."""
    found: defaultdict[UUID, defaultdict[date, DayChange]] = defaultdict(
        lambda: defaultdict(DayChange)
    )
    money = JournalEntry.objects.filter(id__in=entry_ids, instrument=None)
    for entry in money.order_by("id"):
        change = found[entry.portfolio_id][entry.occurred_at.date()]
        amount = product(entry.amount or ZERO, entry.base_rate)
        if entry.kind == "transfer_in":
            change.inflow += amount
        else:
            change.outflow += amount
    for move in UnitMove.objects.filter(entry__in=entry_ids).order_by("entry_id"):
        change = found[move.portfolio_id][move.occurred_at.date()]
        change.moves.append(Move(move.instrument_id, move.quantity, move.cost, move.value))
    return found


def less(amount: Decimal | None, other: Decimal | None) -> Decimal | None:
    """The difference; None where one of them is not known."""
    return None if amount is None or other is None else amount - other
