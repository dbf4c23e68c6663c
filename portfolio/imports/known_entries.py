"""Entries that rows of a file may repeat, read in two queries."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final
from uuid import UUID

from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.bookkeeping.entries import EntryKind
from portfolio.imports.duplicates import Content, Happening
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.external_ids import AGAIN, CORRECTED, base_of, is_made_up

# Around the days of the file, for dates that were told in another time zone.
AROUND: Final = timedelta(days=2)
COLUMNS: Final = """e.occurred_at, e.portfolio_id, e.kind, e.instrument_id, e.quantity,
    e.amount, e.fees, e.taxes, e.currency"""
ENTRIES: Final = f"""
SELECT e.id, e.external_id, false, {COLUMNS}
FROM portfolio_journalentry AS e
LEFT JOIN portfolio_journalentry AS reversal ON reversal.reverses_id = e.id
WHERE e.portfolio_id = ANY(%s::uuid[]) AND e.kind = ANY(%s::text[]) AND reversal.id IS NULL
    AND (e.occurred_at BETWEEN %s AND %s OR split_part(e.external_id, '~', 1) = ANY(%s::text[]))
ORDER BY e.occurred_at, e.id
"""
# What was told elsewhere and set right here, as it was told; the id is that of what stands now.
FORMER: Final = f"""
SELECT c.id, e.external_id, true, {COLUMNS}
FROM portfolio_journalentry AS c
JOIN portfolio_journalentry AS e ON e.portfolio_id = c.portfolio_id
    AND e.external_id = split_part(c.external_id, '{AGAIN}', 1)
WHERE c.portfolio_id = ANY(%s::uuid[]) AND c.kind = ANY(%s::text[])
    AND strpos(c.external_id, '{CORRECTED}') > 0 AND NOT starts_with(c.external_id, 'page:')
    AND NOT starts_with(c.external_id, 'activity:') AND e.occurred_at BETWEEN %s AND %s
    AND NOT EXISTS (SELECT 1 FROM portfolio_journalentry AS r WHERE r.reverses_id = c.id)
ORDER BY e.occurred_at, c.id
"""


def known_entries(activities: Collection[tuple[UUID, ActivityDraft]]) -> list[Happening]:
    """What happened around the activities' days, or under one of their ids, and was not undone.

    What was set right comes twice, as it is and as it was.

    Args:
        activities: each with the portfolio that it is for.
    """
    if not activities:
        return []
    moments = [activity.occurred_at for _, activity in activities]
    around = [
        list({portfolio_id for portfolio_id, _ in activities}),
        [kind.value for kind in EntryKind.activities()],
        min(moments) - AROUND,
        max(moments) + AROUND,
    ]
    ids = list({base_of(one.external_id) for _, one in activities if one.external_id})
    return [
        Happening(
            entry_id,
            external_id,
            occurred_at,
            Content(*content),
            is_own_id=not is_made_up(external_id),
            is_former=is_former,
        )
        for entry_id, external_id, is_former, occurred_at, *content in (
            *fetch_rows(ENTRIES, [*around, ids]),
            *fetch_rows(FORMER, around),
        )
    ]
