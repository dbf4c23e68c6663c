"""Entries that rows of a file may repeat, read in one query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.bookkeeping.entries import EntryKind
from portfolio.imports.duplicates import Content, Happening
from portfolio.recording.external_ids import is_made_up

# Around the days of the file, for dates that were told in another time zone.
AROUND: Final = timedelta(days=2)
ENTRIES: Final = """
SELECT e.id, e.external_id, e.occurred_at, e.portfolio_id, e.kind, e.instrument_id, e.quantity,
    e.amount, e.fees, e.taxes, e.currency
FROM portfolio_journalentry AS e
LEFT JOIN portfolio_journalentry AS reversal ON reversal.reverses_id = e.id
WHERE e.portfolio_id = ANY(%s::uuid[]) AND e.kind = ANY(%s::text[]) AND reversal.id IS NULL
    AND (e.occurred_at BETWEEN %s AND %s OR split_part(e.external_id, '~', 1) = ANY(%s::text[]))
ORDER BY e.occurred_at, e.id
"""


def known_entries(rows: Sequence[Happening]) -> list[Happening]:
    """What happened around the rows' days, or under one of their ids, and was not undone."""
    moments = [row.occurred_at for row in rows]
    found = fetch_rows(
        ENTRIES,
        [
            list({row.content.portfolio_id for row in rows}),
            [kind.value for kind in EntryKind.activities()],
            min(moments) - AROUND,
            max(moments) + AROUND,
            list({row.base_id for row in rows if row.external_id}),
        ],
    )
    return [
        Happening(row[0], row[1], row[2], Content(*row[3:]), is_own_id=not is_made_up(row[1]))
        for row in found
    ]
