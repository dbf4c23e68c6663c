"""The other sides of transfers of units, where the two sides are recorded one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from portfolio.bookkeeping.bulk import columns_of, fetch_rows
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.models import Portfolio
from portfolio.recording.activity_rules import ActivityDraft

OTHER_KINDS: Final = {
    EntryKind.TRANSFER_IN.value: EntryKind.TRANSFER_OUT.value,
    EntryKind.TRANSFER_OUT.value: EntryKind.TRANSFER_IN.value,
}
# As the lots of an arrival are looked for, see ``unit_events.SOURCES``: by external id before
# the moment, and the earlier recorded first. What arrives at a cost of its own has no other side.
RECORDED: Final = """
SELECT DISTINCT ON (w.number) w.number, q.currency
FROM unnest(%(numbers)s::int[], %(kinds)s::text[], %(instruments)s::int[],
    %(quantities)s::numeric[], %(external_ids)s::text[], %(moments)s::timestamptz[])
    AS w (number, kind, instrument_id, quantity, external_id, occurred_at)
JOIN portfolio_journalentry AS o ON o.kind = w.kind AND o.kind IN ('transfer_in', 'transfer_out')
    AND o.instrument_id = w.instrument_id AND o.quantity = w.quantity
    AND (o.external_id = w.external_id OR o.occurred_at = w.occurred_at)
    AND (o.kind = 'transfer_out' OR (o.amount IS NULL AND o.lots IS NULL))
JOIN portfolio_portfolio AS q ON q.id = o.portfolio_id
WHERE q.owner_id = %(owner)s AND q.id <> %(portfolio)s AND NOT EXISTS (
    SELECT 1 FROM portfolio_journalentry AS reversal WHERE reversal.reverses_id = o.id)
ORDER BY w.number, o.external_id = w.external_id DESC, o.id
"""


def currencies_of_other_sides(
    activities: Sequence[ActivityDraft], portfolio: Portfolio
) -> dict[int, str]:
    """The currencies of portfolios that have recorded the other sides already, by index.

    One query where there is a transfer of units without a counterpart, else none.
    """
    asked = [
        (
            index,
            OTHER_KINDS[one.kind],
            one.instrument.id,
            one.quantity,
            one.external_id,
            one.occurred_at,
        )
        for index, one in enumerate(activities)
        if one.instrument is not None and one.counterpart is None and has_other_side(one)
    ]
    if not asked:
        return {}
    names = ("numbers", "kinds", "instruments", "quantities", "external_ids", "moments")
    columns = dict(zip(names, columns_of(asked, width=len(names)), strict=True))
    owned = {"owner": portfolio.owner_id, "portfolio": portfolio.id}
    return dict(fetch_rows(RECORDED, columns | owned))


def has_other_side(activity: ActivityDraft) -> bool:
    """Whether it carries lots from one portfolio to another."""
    return activity.brings_lots or (
        activity.is_of_units and activity.kind == EntryKind.TRANSFER_OUT
    )
