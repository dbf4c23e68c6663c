"""Which instruments a feed is to watch, and what they closed at before today's session."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import connection

from market import calendar, sessions
from market.intake.providers import ListedInstrument
from market.live.shard_leader import Shard
from market.models import Exchange

LISTING_SQL: Final = """
SELECT instrument.id, instrument.symbol, exchange.mic, exchange.timezone, instrument.currency,
       instrument.tick_size, instrument.lot_size, day.close
FROM unnest(%s::text[], %s::timestamptz[]) AS session (mic, starts_at)
JOIN market_exchange AS exchange ON exchange.mic = session.mic
JOIN market_instrument AS instrument ON instrument.exchange_id = exchange.mic
LEFT JOIN LATERAL (
    SELECT close FROM market_bar
    WHERE instrument_id = instrument.id AND interval = '1d' AND opened_at < session.starts_at
    ORDER BY opened_at DESC
    LIMIT 1
) AS day ON true
WHERE instrument.is_active AND instrument.id %% %s = %s
ORDER BY instrument.id
"""


def listed_instruments(shard: Shard, *, at: datetime) -> list[ListedInstrument]:
    """The shard's active instruments, by id; two queries."""
    days = {
        mic: calendar.local_midnight(sessions.session_of(at, mic).session_date, timezone)
        for mic, timezone in Exchange.objects.values_list("mic", "timezone")
    }
    with connection.cursor() as cursor:
        cursor.execute(LISTING_SQL, [list(days), list(days.values()), shard.count, shard.index])
        return [
            ListedInstrument(
                instrument_id=number,
                symbol=symbol,
                mic=mic,
                timezone=timezone,
                currency=currency,
                tick_size=tick_size,
                lot_size=lot_size,
                previous_close=close,
            )
            for number, symbol, mic, timezone, currency, tick_size, lot_size, close in cursor
        ]
