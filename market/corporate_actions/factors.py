"""The factors of an instrument, from what is recorded of it, in at most three queries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import connection

from market import calendar
from market.corporate_actions.adjustment import (
    Adjustment,
    CashDividend,
    CloseBefore,
    PriceFactors,
    Split,
    price_factors,
)
from market.models import Bar, CorporateAction, Instrument

# A bar made from ticks of a real market. The simulator's ticks follow its own history.
IS_OF_TICKS: Final = "(first_tick_at IS NOT NULL AND source <> 'simulated')"

CLOSES_BEFORE: Final = f"""
    SELECT wanted.at, found.close, found.is_as_traded
    FROM unnest(%s::timestamptz[]) AS wanted(at)
    JOIN LATERAL (
        SELECT close, {IS_OF_TICKS} AS is_as_traded FROM market_bar
        WHERE instrument_id = %s AND "interval" = '1d' AND opened_at < wanted.at
        ORDER BY opened_at DESC LIMIT 1
    ) AS found ON TRUE
"""


def factors_of(
    instrument: Instrument, adjustment: Adjustment, *, at: datetime
) -> PriceFactors | None:
    """The factors at a moment; announced actions of later days are not in them. None for raw.

    Dividends in another currency than the instrument's have no factor.
    """
    if adjustment is Adjustment.RAW:
        return None
    timezone = instrument.exchange.timezone
    actions = list(
        CorporateAction.objects.standing()
        .filter(instrument=instrument, ex_date__lte=calendar.local_date(at, timezone))
        .order_by("ex_date", "id")
    )
    splits = [
        Split(
            calendar.local_midnight(one.ex_date, timezone),
            Decimal(one.ratio_from or 1) / Decimal(one.ratio_to or 1),
            one.is_in_history,
        )
        for one in actions
        if one.is_split
    ]
    if adjustment is Adjustment.SPLITS:
        return price_factors(splits, [], closes={}, horizon=None, with_dividends=False)
    dividends = [
        CashDividend(calendar.local_midnight(one.ex_date, timezone), one.amount_per_share)
        for one in actions
        if one.amount_per_share is not None and one.currency == instrument.currency
    ]
    return price_factors(
        splits,
        dividends,
        closes=_closes_before(instrument, [dividend.ex_at for dividend in dividends]),
        horizon=_horizon(instrument) if dividends else None,
    )


def _closes_before(
    instrument: Instrument, ex_ats: Sequence[datetime]
) -> dict[datetime, CloseBefore]:
    if not ex_ats:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(CLOSES_BEFORE, [list(ex_ats), instrument.id])
        return {at: CloseBefore(close, is_as_traded) for at, close, is_as_traded in cursor}


def _horizon(instrument: Instrument) -> datetime | None:
    """The newest day that its source adjusted for dividends."""
    return (
        Bar.objects.filter(instrument=instrument, interval="1d", adjusted_close__isnull=False)
        .order_by("-opened_at")
        .values_list("opened_at", flat=True)
        .first()
    )
