"""Live prices that jumped, waited in quarantine, and were confirmed by the price that followed.

The new level takes effect with that price. What had waited was true then: its row says what
confirmed it and waits for nobody, and a trade among them is stored like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from market.intake.ingestion import store_ticks
from market.intake.refused_prices import ConfirmedJump, RefusedTick, key_of, raw_of, rows_about
from market.models import QuarantinedRow
from market.models.prices import QuarantineStatus
from market.values import TickValue, wire_time


@transaction.atomic
def confirm_jumps(jumps: Sequence[ConfirmedJump], *, confirmed_at: datetime) -> int:
    """Resolve the rows of jumps, at least one, that still wait; return how many did.

    What staff has judged meanwhile stays as judged. Repeated it does nothing.
    """
    by_key = {key_of(raw_of(one.item, symbol="")): one for one in jumps}
    waiting = (
        rows_about([one.item for one in jumps], status=QuarantineStatus.WAITING)
        .select_for_update(of=("self",))
        .order_by("id")
    )
    found = [(row, by_key[key]) for row in waiting if (key := key_of(row.raw)) in by_key]
    for row, jump in found:
        row.status = QuarantineStatus.CONFIRMED
        row.judged_at = confirmed_at
        row.confirmed_by = facts_of(jump)
    rows = [row for row, _ in found]
    QuarantinedRow.objects.bulk_update(rows, ["status", "judged_at", "confirmed_by"])
    kept_out = {jump.item.tick for _, jump in found if isinstance(jump.item, RefusedTick)}
    if kept_out:
        store_ticks(list(kept_out), received_at=confirmed_at)
    return len(rows)


def facts_of(jump: ConfirmedJump) -> dict[str, Any]:
    """The price that confirmed it, as it stands at the row."""
    by = jump.by
    tick_id = by.provider_tick_id if isinstance(by, TickValue) else None
    return {
        "price": str(jump.price),
        "occurred_at": wire_time(by.occurred_at),
        "source": by.source,
        "provider_tick_id": tick_id,  # None of a quote
    }
