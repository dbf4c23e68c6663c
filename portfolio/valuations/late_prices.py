"""Valuations that prices have made wrong: those of holders, from the first date concerned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from django.dispatch import receiver

from market.signals import daily_bars_changed
from portfolio.bookkeeping.bulk import array, execute

# Whoever ever traded an instrument has a position of it, be it of nothing. An earlier day than
# that of the exchange's date, because the day of a valuation is one of UTC.
MARK_STALE: Final = """
UPDATE portfolio_portfolio AS p SET valuations_stale_from = holders.first_date
FROM (
    SELECT held.portfolio_id, min(changed.first_date) AS first_date
    FROM unnest(%s::int[], %s::date[]) AS changed (instrument_id, first_date)
    JOIN portfolio_position AS held USING (instrument_id)
    GROUP BY held.portfolio_id
) AS holders
WHERE p.id = holders.portfolio_id
    AND (p.valuations_stale_from IS NULL OR p.valuations_stale_from > holders.first_date)
"""


@receiver(daily_bars_changed, dispatch_uid="portfolio.mark_valuations_stale")
def mark_valuations_stale(*, first_dates: Mapping[int, date], **_: Any) -> None:
    """One statement for any number of instruments and holders."""
    days = [first - timedelta(days=1) for first in first_dates.values()]
    execute(MARK_STALE, [array(list(first_dates)), array(days)])
