"""What the database knows of an instrument's past, as the simulator needs it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.db import connection

from integrations.simulated.exchange import SOURCE
from integrations.simulated.paths import Character, character_of
from market.corporate_actions.adjustment import Split
from market.corporate_actions.split_factors import factor_between

CHARACTER_DAYS: Final = 250

DAYS_SQL: Final = """
SELECT instrument.id, instrument.tick_size, instrument.lot_size, exchange.timezone,
       bar.opened_at, bar.close, bar.volume
FROM market_instrument AS instrument
JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
CROSS JOIN LATERAL (
    SELECT opened_at, close, volume
    FROM market_bar
    WHERE instrument_id = instrument.id AND interval = '1d' AND source <> ALL(%s)
    ORDER BY opened_at DESC
    LIMIT %s
) AS bar
WHERE instrument.id = ANY(%s)
ORDER BY instrument.id, bar.opened_at
"""


@dataclass(frozen=True, slots=True)
class DailyClose:
    opened_at: datetime
    date: date  # exchange-local
    close: Decimal  # currency


@dataclass(frozen=True, slots=True)
class Past:
    """How an instrument moved, and where its stored history ends."""

    character: Character
    newest: DailyClose


Row = tuple[int, Decimal, Decimal, str, datetime, Decimal, Decimal]


def pasts(instrument_ids: Iterable[int]) -> dict[int, Past]:
    """The pasts of those instruments that have any daily bar.

    The character is read from real bars alone where there are some, so that what was simulated
    yesterday does not shape what is simulated today.
    """
    wanted = list(instrument_ids)
    real = _days(wanted, without=[SOURCE], limit=CHARACTER_DAYS)
    simulated_only = [number for number in wanted if number not in real]
    described = real | _days(simulated_only, without=[], limit=CHARACTER_DAYS)
    newest = _days(wanted, without=[], limit=1)
    return {
        number: Past(_character(rows), _daily_close(newest[number][-1]))
        for number, rows in described.items()
    }


def newest_prices(instrument_ids: Iterable[int]) -> dict[int, tuple[Decimal, datetime]]:
    """The newest stored live price of each instrument that has one, and when it was."""
    wanted = list(instrument_ids)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT instrument_id, last, occurred_at FROM market_quotesnapshot"
            " WHERE instrument_id = ANY(%s)",
            [wanted],
        )
        return {number: (last, occurred_at) for number, last, occurred_at in cursor.fetchall()}


def starting_price(past: Past, newest: tuple[Decimal, datetime] | None) -> tuple[Decimal, datetime]:
    """Where live prices continue, and of when that is: the newest quote's or day's close."""
    day_ended_at = past.newest.opened_at + timedelta(days=1)
    if newest is not None and newest[1] >= day_ended_at:
        return newest
    return past.newest.close, past.newest.opened_at


def unknown_factor(splits: Sequence[Split], *, after: datetime, until: datetime) -> Decimal:
    """What the splits do that simulated prices did not know when they were made."""
    return factor_between(splits, after=after, until=until, is_as_traded=False)


def _days(
    instrument_ids: Sequence[int], *, without: Sequence[str], limit: int
) -> dict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    if instrument_ids:
        with connection.cursor() as cursor:
            cursor.execute(DAYS_SQL, [list(without), limit, list(instrument_ids)])
            for row in cursor.fetchall():
                found[row[0]].append(row)
    return dict(found)


def _daily_close(row: Row) -> DailyClose:
    _, _, _, timezone, opened_at, close, _ = row
    return DailyClose(opened_at, opened_at.astimezone(ZoneInfo(timezone)).date(), close)


def _character(rows: Sequence[Row]) -> Character:
    _, tick_size, lot_size, *_ = rows[0]
    return character_of(
        [float(row[5] / tick_size) for row in rows],
        [float(row[6] / lot_size) for row in rows],
        latest_date=_daily_close(rows[-1]).date,
    )
