"""What splits do to prices of before them, for many instruments at once.

A price as traded is divided by every split after it. One of a file, or of the simulator, is
divided by those alone that it does not know: ``is_in_history`` says which it knows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db import connection

from market.corporate_actions.adjustment import ONE, Split

SPLITS: Final = """
    SELECT action.instrument_id, action.ex_date::timestamp AT TIME ZONE exchange.timezone AS ex_at,
           action.ratio_from, action.ratio_to, action.is_in_history
    FROM market_corporateaction AS action
    JOIN market_instrument AS instrument ON instrument.id = action.instrument_id
    JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
    WHERE action.kind = 'split' AND action.cancelled_at IS NULL
      AND action.instrument_id = ANY(%(ids)s::int[]) AND action.ex_date >= %(since)s
    ORDER BY 1, 2, action.id
"""

Splits = Mapping[int, list[Split]]  # by instrument id, ascending


def splits_of(instrument_ids: Collection[int], *, since: date) -> Splits:
    """The standing splits from a day on, announced ones included, from one query."""
    found: dict[int, list[Split]] = {}
    with connection.cursor() as cursor:
        cursor.execute(SPLITS, {"ids": list(instrument_ids), "since": since})
        for number, ex_at, ratio_from, ratio_to, is_in_history in cursor:
            split = Split(ex_at, Decimal(ratio_from) / Decimal(ratio_to), is_in_history)
            found.setdefault(number, []).append(split)
    return found


def factor_between(
    splits: Iterable[Split], *, after: datetime, until: datetime, is_as_traded: bool
) -> Decimal:
    """What makes a price of ``after`` comparable with one of ``until``: 0.25 over a 4:1 split."""
    factor = ONE
    for split in splits:
        if after < split.ex_at <= until and (is_as_traded or not split.is_in_history):
            factor *= split.factor
    return factor
