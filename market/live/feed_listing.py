"""Which instruments a feed is to watch, and what they closed at before today's session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from django.db import connection

from market import calendar, sessions
from market.corporate_actions.adjustment import Split
from market.corporate_actions.factors import IS_OF_TICKS
from market.corporate_actions.live_splits import times
from market.corporate_actions.split_factors import factor_between, splits_of
from market.intake.providers import ListedInstrument
from market.live.shard_leader import Shard
from market.models import Exchange

LISTING_SQL: Final = f"""
SELECT instrument.id, instrument.symbol, exchange.mic, exchange.timezone, instrument.currency,
       instrument.tick_size, instrument.lot_size, instrument.provider_symbols,
       day.close, day.opened_at, day.is_as_traded
FROM unnest(%s::text[], %s::timestamptz[]) AS session (mic, starts_at)
JOIN market_exchange AS exchange ON exchange.mic = session.mic
JOIN market_instrument AS instrument ON instrument.exchange_id = exchange.mic
LEFT JOIN LATERAL (
    SELECT close, opened_at, {IS_OF_TICKS} AS is_as_traded FROM market_bar
    WHERE instrument_id = instrument.id AND interval = '1d' AND opened_at < session.starts_at
    ORDER BY opened_at DESC
    LIMIT 1
) AS day ON true
WHERE instrument.is_active AND instrument.id %% %s = %s
ORDER BY instrument.id
"""


class ListedRow(NamedTuple):
    """The columns of ``LISTING_SQL``."""

    id: int
    symbol: str
    mic: str
    timezone: str
    currency: str
    tick_size: Decimal
    lot_size: Decimal
    provider_symbols: str
    close: Decimal | None
    closed_day_at: datetime | None
    is_as_traded: bool | None


def listed_instruments(shard: Shard, *, at: datetime) -> list[ListedInstrument]:
    """The shard's active instruments, by id; three queries.

    The previous close is of shares of now: over a split since, it is divided as prices are.
    """
    days = {
        mic: calendar.local_midnight(sessions.session_of(at, mic).session_date, timezone)
        for mic, timezone in Exchange.objects.values_list("mic", "timezone")
    }
    with connection.cursor() as cursor:
        cursor.execute(LISTING_SQL, [list(days), list(days.values()), shard.count, shard.index])
        rows = [ListedRow(*row) for row in cursor]
    opened = [row.closed_day_at for row in rows if row.closed_day_at is not None]
    splits = splits_of([row.id for row in rows], since=min(opened).date()) if opened else {}
    return [_listed(row, splits.get(row.id, ()), at=at) for row in rows]


def _listed(row: ListedRow, splits: Sequence[Split], *, at: datetime) -> ListedInstrument:
    close = row.close
    if close is not None and row.closed_day_at is not None and splits:
        factor = factor_between(
            splits, after=row.closed_day_at, until=at, is_as_traded=bool(row.is_as_traded)
        )
        close = times(close, factor)
    return ListedInstrument(
        instrument_id=row.id,
        symbol=row.symbol,
        mic=row.mic,
        timezone=row.timezone,
        currency=row.currency,
        tick_size=row.tick_size,
        lot_size=row.lot_size,
        previous_close=close,
        provider_symbols=row.provider_symbols,
    )
