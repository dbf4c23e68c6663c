"""What splits and missing acquisitions do to units, posted whenever it turns out to be different.

How many units a split makes depends on what was held before it, and an earlier purchase may be
recorded later. Entries are never changed, so the difference is posted by another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils import timezone

from accounts.identifiers import new_id
from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.bulk import columns_of, fetch_rows
from portfolio.bookkeeping.drafts import EntryDraft
from portfolio.bookkeeping.unit_entries import restatement_entry
from portfolio.corporate_actions.unit_events import Pair
from portfolio.ledger import post_entries

Effect = tuple[UUID, int, UUID]  # portfolio, instrument, the entry that has it

POSTED: Final = """
SELECT e.portfolio_id, e.instrument_id, e.restates_id, sum(p.amount)
FROM unnest(%s::uuid[], %s::int[]) AS w (portfolio_id, instrument_id)
JOIN portfolio_journalentry AS e USING (portfolio_id, instrument_id)
JOIN portfolio_posting AS p ON p.entry_id = e.id
JOIN portfolio_ledgeraccount AS a ON a.id = p.ledger_account_id AND a.kind = 'settled'
WHERE e.restates_id IS NOT NULL
GROUP BY e.portfolio_id, e.instrument_id, e.restates_id
"""
RESTATED: Final = """
SELECT e.id, e.occurred_at, p.currency FROM portfolio_journalentry AS e
JOIN portfolio_portfolio AS p ON p.id = e.portfolio_id WHERE e.id = ANY(%s)
"""


def restate(effects: Mapping[Pair, Mapping[UUID, Decimal]], *, anew: Sequence[Pair] = ()) -> None:
    """Post what entries changed beyond what is posted of them already.

    Args:
        effects: units by entry. Of pairs that are not in ``anew`` nothing is posted yet.
        anew: pairs of which every effect was derived again.

    Raises:
        InsufficientUnits: a paper portfolio would have fewer units than its orders reserve.
    """
    wanted: dict[Effect, Decimal] = {
        (*pair, entry_id): units
        for pair, of_pair in effects.items()
        for entry_id, units in of_pair.items()
    }
    if anew:
        for row in fetch_rows(POSTED, columns_of(anew, width=2)):
            effect = (row[0], row[1], row[2])
            wanted[effect] = wanted.get(effect, ZERO) - row[3]
    changes = {effect: units for effect, units in wanted.items() if units}
    if changes:
        post_entries(draft_restatements(changes), recorded_at=timezone.now())


def draft_restatements(changes: Mapping[Effect, Decimal]) -> list[EntryDraft]:
    ids = sorted({effect[2] for effect in changes})
    facts: dict[UUID, tuple[datetime, str]] = {
        row[0]: (row[1], row[2]) for row in fetch_rows(RESTATED, [ids])
    }
    return [
        restatement_entry(
            entry_id=new_id(),
            portfolio_id=portfolio_id,
            restates_id=entry_id,
            occurred_at=facts[entry_id][0],
            currency=facts[entry_id][1],
            instrument_id=instrument_id,
            units=units,
        )
        for (portfolio_id, instrument_id, entry_id), units in sorted(changes.items(), key=str)
    ]
