"""Valuations that prices, splits or rates have made wrong, marked from the first day concerned.

In the transaction of what makes them wrong, so that nobody takes the old ones for right. Whoever
reads them next, or the hourly refresh, values those days anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from django.dispatch import receiver

from market.corporate_actions.facts import ActionChange
from market.currencies.currency_units import MINOR_UNITS
from market.signals import corporate_actions_changed, daily_bars_changed, exchange_rates_changed
from portfolio.bookkeeping.bulk import array, execute

EVERY_DAY: Final = date(1970, 1, 1)  # nothing happened before

# Locked in the order of their ids, so that of two who mark none waits for the other for ever.
MARK: Final = """
WITH concerned AS ({concerned}), locked AS (
    SELECT p.id, concerned.first_date FROM portfolio_portfolio AS p
    JOIN concerned ON concerned.portfolio_id = p.id
    WHERE p.valuations_stale_from IS NULL OR p.valuations_stale_from > concerned.first_date
    ORDER BY p.id FOR NO KEY UPDATE OF p
)
UPDATE portfolio_portfolio AS p
SET valuations_stale_from = least(p.valuations_stale_from, locked.first_date)
FROM locked WHERE p.id = locked.id
"""
# Whoever ever traded an instrument has a position of it, be it of nothing.
HOLDERS: Final = MARK.format(
    concerned="""
    SELECT held.portfolio_id, min(changed.first_date) AS first_date
    FROM unnest(%s::int[], %s::date[]) AS changed (instrument_id, first_date)
    JOIN portfolio_position AS held USING (instrument_id)
    GROUP BY held.portfolio_id
"""
)
# Of money that is not the portfolio's both rates count, that of the one and that of the other.
# The newest rates come each day, and concern no day that is stored yet.
OWNERS_OF_CURRENCIES: Final = MARK.format(
    concerned="""
    SELECT used.portfolio_id, min(changed.first_date) AS first_date
    FROM (
        SELECT portfolio_id, currency FROM portfolio_ledgeraccount WHERE currency <> ''
        UNION
        SELECT held.portfolio_id, instrument.currency FROM portfolio_position AS held
        JOIN market_instrument AS instrument ON instrument.id = held.instrument_id
    ) AS used
    JOIN portfolio_portfolio AS own
        ON own.id = used.portfolio_id AND own.currency <> used.currency
    JOIN unnest(%s::text[], %s::date[]) AS changed (currency, first_date)
        ON changed.currency IN (used.currency, own.currency)
    WHERE EXISTS (
        SELECT FROM portfolio_dailyvaluation AS valued
        WHERE valued.portfolio_id = own.id AND valued.date >= changed.first_date)
    GROUP BY used.portfolio_id
"""
)


@receiver(daily_bars_changed, dispatch_uid="portfolio.mark_valuations_stale")
def mark_by_prices(*, first_dates: Mapping[int, date], **_: Any) -> None:
    """One statement for any number of instruments and holders.

    From the day before that of the exchange, because the day of a valuation is one of UTC.
    """
    days = [first - timedelta(days=1) for first in first_dates.values()]
    execute(HOLDERS, [array(list(first_dates)), array(days)])


@receiver(corporate_actions_changed, dispatch_uid="portfolio.mark_valuations_stale_by_splits")
def mark_by_splits(*, changes: Sequence[ActionChange], **_: Any) -> None:
    """A split decides what units were worth on all days before it."""
    ids = {
        change.instrument_id
        for change in changes
        for facts in (change.before, change.after)
        if facts is not None and not facts.kind.is_dividend
    }
    if ids:
        execute(HOLDERS, [array(sorted(ids)), array([EVERY_DAY] * len(ids))])


@receiver(exchange_rates_changed, dispatch_uid="portfolio.mark_valuations_stale_by_rates")
def mark_by_rates(*, first_dates: Mapping[str, date], **_: Any) -> None:
    """One statement for any number of currencies. Hundredths follow the money they are of."""
    of_hundredths = {
        minor: first_dates[major] for minor, major in MINOR_UNITS.items() if major in first_dates
    }
    known = {**first_dates, **of_hundredths}
    execute(OWNERS_OF_CURRENCIES, [array(list(known)), array(list(known.values()))])
