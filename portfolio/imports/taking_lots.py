"""The lots that sales of an import name, among those that the books have by then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from accounts.errors import Problem
from portfolio.bookkeeping.drafts import LotFact
from portfolio.errors import ActivityRefused
from portfolio.imports.taking import Renamed, Taken
from portfolio.models import Lot

# The order in which the lots of one activity are counted; those that it leaves open are alike.
PARTS: Final = ("opened_at", "quantity", "cost", "id")
# The lots that one activity opened, oldest first, by what they are of and its external id.
Opened = dict[tuple[UUID, int | None, str], list[UUID]]


def name_lots(batch: Sequence[Taken], renamed: Renamed) -> None:
    """Give each sale the lots that it names. What opens them is booked.

    Raises:
        ActivityRefused: the books have no such lot.
    """
    opened = opened_by(batch, renamed)
    for one in batch:
        facts = []
        for lot in one.named:
            parts = opened.get(key_of(one, lot.of, renamed), [])
            if lot.part >= len(parts):
                message = (
                    f"Row {one.row.position} sells a lot of {lot.of!r}, which is not in the books;"
                    " take its lots away to sell by the portfolio's method."
                )
                raise ActivityRefused([Problem("lots", "unknown", message)])
            facts.append(LotFact(quantity=lot.quantity, lot_id=parts[lot.part]))
        if facts:
            one.activity = replace(one.activity, lots=tuple(facts))


def key_of(one: Taken, of: str, renamed: Renamed) -> tuple[UUID, int | None, str]:
    name = renamed.get((one.portfolio.id, of), of)
    return (one.portfolio.id, one.row.instrument_id, name)


def opened_by(batch: Iterable[Taken], renamed: Renamed) -> Opened:
    wanted = {key_of(one, lot.of, renamed) for one in batch for lot in one.named}
    found: Opened = defaultdict(list)
    if not wanted:
        return found
    lots = Lot.objects.filter(
        portfolio__in={key[0] for key in wanted},
        instrument__in={key[1] for key in wanted},
        opening_entry__external_id__in={key[2] for key in wanted},
    )
    rows = lots.order_by(*PARTS).values_list(
        "portfolio_id", "instrument_id", "opening_entry__external_id", "id"
    )
    for portfolio_id, instrument_id, name, lot_id in rows:
        found[portfolio_id, instrument_id, name].append(lot_id)
    return found
