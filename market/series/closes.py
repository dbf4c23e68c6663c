"""Daily closes of many instruments at once, for valuations and small charts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db import connection

from market.corporate_actions.adjustment import ONE
from market.corporate_actions.factors import IS_OF_TICKS
from market.corporate_actions.split_factors import factor_between, splits_of

# Stored days, and days that only minutes know yet, by exchange-local date. The newest stored day
# counts only where it ends after the start, so earlier ones are not looked through.
CLOSES: Final = f"""
    SELECT listed.id, day.on_date, trim_scale(day.close), day.opened_at, day.is_as_traded
    FROM (
        SELECT instrument.id, exchange.timezone FROM market_instrument AS instrument
        JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
        WHERE instrument.id = ANY(%(ids)s::int[])
    ) AS listed
    CROSS JOIN LATERAL (
        SELECT coalesce(((
            SELECT opened_at FROM market_bar
            WHERE instrument_id = listed.id AND "interval" = '1d'
              AND opened_at >= (%(start)s::date - 2)::timestamp AT TIME ZONE listed.timezone
            ORDER BY opened_at DESC LIMIT 1
        ) AT TIME ZONE listed.timezone + interval '1 day') AT TIME ZONE listed.timezone,
        '-infinity') AS since_at
    ) AS rolled
    CROSS JOIN LATERAL (
        SELECT (opened_at AT TIME ZONE listed.timezone)::date AS on_date, close, opened_at,
               {IS_OF_TICKS} AS is_as_traded
        FROM market_bar
        WHERE instrument_id = listed.id AND "interval" = '1d'
          AND opened_at >= %(start)s::date::timestamp AT TIME ZONE listed.timezone
          AND opened_at < (%(end)s::date + 1)::timestamp AT TIME ZONE listed.timezone
        UNION ALL
        (SELECT DISTINCT ON (1) (opened_at AT TIME ZONE listed.timezone)::date, close, opened_at,
               {IS_OF_TICKS}
        FROM market_bar
        WHERE instrument_id = listed.id AND "interval" = '1m'
          AND opened_at >= greatest(
              rolled.since_at, %(start)s::date::timestamp AT TIME ZONE listed.timezone)
          AND opened_at < (%(end)s::date + 1)::timestamp AT TIME ZONE listed.timezone
        ORDER BY 1, opened_at DESC)
    ) AS day
    ORDER BY listed.id, day.on_date
"""

# The newest close at the end of a date: of that date, or of the latest one before it.
CLOSES_ON: Final = """
    SELECT listed.id, wanted.on_date, trim_scale(coalesce(live.close, stored.close))
    FROM (
        SELECT instrument.id, exchange.timezone FROM market_instrument AS instrument
        JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
        WHERE instrument.id = ANY(%(ids)s::int[])
    ) AS listed
    CROSS JOIN unnest(%(dates)s::date[]) AS wanted(on_date)
    CROSS JOIN LATERAL (
        SELECT (wanted.on_date + 1)::timestamp AT TIME ZONE listed.timezone AS at
    ) AS ended
    LEFT JOIN LATERAL (
        SELECT close, ((opened_at AT TIME ZONE listed.timezone) + interval '1 day')
                      AT TIME ZONE listed.timezone AS ended_at
        FROM market_bar
        WHERE instrument_id = listed.id AND "interval" = '1d' AND opened_at < ended.at
        ORDER BY opened_at DESC LIMIT 1
    ) AS stored ON TRUE
    LEFT JOIN LATERAL (
        SELECT close FROM market_bar
        WHERE instrument_id = listed.id AND "interval" = '1m' AND opened_at < ended.at
          AND opened_at >= coalesce(stored.ended_at, '-infinity')
        ORDER BY opened_at DESC LIMIT 1
    ) AS live ON TRUE
    WHERE coalesce(live.close, stored.close) IS NOT NULL
"""


def daily_closes(
    instrument_ids: Collection[int],
    *,
    start: date,
    end: date,
    comparable_at: datetime | None = None,
) -> dict[int, list[tuple[date, Decimal]]]:
    """Closes by instrument, ascending, on exchange-local dates from start to end, both included.

    The current date's is the newest price so far. Prices are in the instrument's currency, not
    adjusted for dividends, and as stored over splits; with ``comparable_at`` those before splits
    are of shares of that moment. An instrument without a close is absent.
    """
    closes: dict[int, list[tuple[date, Decimal]]] = {}
    splits = {} if comparable_at is None else splits_of(instrument_ids, since=start)
    with connection.cursor() as cursor:
        cursor.execute(CLOSES, {"ids": list(instrument_ids), "start": start, "end": end})
        for instrument_id, on_date, close, opened_at, is_as_traded in cursor.fetchall():
            factor = ONE
            if comparable_at is not None and instrument_id in splits:
                factor = factor_between(
                    splits[instrument_id],
                    after=opened_at,
                    until=comparable_at,
                    is_as_traded=is_as_traded,
                )
            closes.setdefault(instrument_id, []).append((on_date, close * factor))
    return closes


def closes_on(
    instrument_ids: Collection[int], dates: Collection[date]
) -> dict[tuple[int, date], Decimal]:
    """The close of each instrument on each exchange-local date, or the newest before it.

    Absent where there was no price yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(CLOSES_ON, {"ids": list(instrument_ids), "dates": list(dates)})
        return {
            (instrument_id, on_date): close for instrument_id, on_date, close in cursor.fetchall()
        }
