"""Purchases and sales in the portfolio's own money, added up by the database day by day.

Most entries are such trades. What they come to needs no rounding, so it is the same whether one
adds them up here or one by one as ``unit_events.moneys`` has them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Final

from accounts.utc_days import utc_midnight
from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.corporate_actions.unit_events import PLAIN, STANDS
from portfolio.models import Portfolio
from portfolio.position_days.instrument_days import Earned, EarnedByDay, InstrumentDays
from portfolio.valuations.valuing import ONE_DAY

BY_DAY: Final = f"""
SELECT instrument_id, day, sum(greatest(money, 0)), sum(greatest(-money, 0)), sum(fees), sum(taxes)
FROM (
    SELECT e.instrument_id, (e.occurred_at AT TIME ZONE 'UTC')::date AS day,
        e.fees, e.taxes,
        CASE e.kind WHEN 'buy' THEN 1 ELSE -1 END * coalesce(e.amount, 0) + e.fees + e.taxes
            AS money
    FROM portfolio_journalentry AS e
    WHERE e.portfolio_id = %s AND {PLAIN} AND {STANDS}
        AND e.occurred_at > %s AND e.occurred_at >= %s AND e.occurred_at < %s
) AS trades GROUP BY instrument_id, day
"""


def note_plain_trades(
    found: Mapping[int, InstrumentDays], portfolio: Portfolio, *, start: date, end: date
) -> EarnedByDay:
    """Their flows and charges of days from ``start`` to ``end``, both included. One query.

    Returns:
        The charges of all of them.
    """
    earned: EarnedByDay = defaultdict(Earned)
    span = [portfolio.counts_from, utc_midnight(start), utc_midnight(end + ONE_DAY)]
    rows = fetch_rows(BY_DAY, [portfolio.id, *span])
    for instrument_id, day, inflow, outflow, fees, taxes in rows:
        of_day = found[instrument_id].on(day)
        of_day.add(inflow)
        of_day.add(-outflow)
        if fees or taxes:
            of_day.trade_charges += fees + taxes
            charged = earned[day]
            charged.trade_fees += fees
            charged.trade_taxes += taxes
    return earned
