"""Ticks that their provider corrects: the same id says another price or size.

The former word is kept as a ``TickRevision``, and so is every bar that changes with it as a
``BarRevision``. A word that was superseded before is an old batch sent again and changes nothing,
so batches in any order, as often as may be, end the same. Another source's tick of the same id is
none of the provider's corrections and changes nothing either.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import orjson
from django.db import connection

from accounts.array_literals import array_literal, text_array
from market.intake.bars import BAR_AS_JSON
from market.intake.tick_columns import TickColumns
from market.intake.tick_writing import EPOCH, MICROSECOND
from market.models import BarRevision
from market.series.buckets import ROLLED
from market.series.rollups import roll_up_again
from market.values import Interval

Minute = tuple[int, datetime]  # instrument id, when it begins
BarKey = tuple[int, str, datetime]  # instrument id, interval, when it opens

# Of a tick that is given twice the later word counts.
SUPERSEDE: Final = """
    WITH given AS MATERIALIZED (
        SELECT DISTINCT ON (instrument_id, at, provider_tick_id)
               instrument_id, to_timestamp(at / 1e6::float8) AS occurred_at,
               provider_tick_id COLLATE "C" AS provider_tick_id, price::numeric(20,8) AS price,
               size::numeric(28,10) AS size, source
        FROM unnest(%s::int4[], %s::int8[], %s::varchar[], %s::numeric[], %s::numeric[],
                    %s::varchar[]) WITH ORDINALITY
             AS sent(instrument_id, at, provider_tick_id, price, size, source, place)
        ORDER BY instrument_id, at, provider_tick_id, place DESC
    ), corrected AS MATERIALIZED (
        SELECT stored.*, given.price AS new_price, given.size AS new_size
        FROM given JOIN market_tick AS stored USING (instrument_id, occurred_at, provider_tick_id)
        WHERE stored.source = given.source
          AND (stored.price, stored.size) <> (given.price, given.size)
          AND NOT EXISTS (
              SELECT FROM market_tickrevision AS former
              WHERE former.instrument_id = stored.instrument_id
                AND former.occurred_at = stored.occurred_at
                AND former.provider_tick_id = stored.provider_tick_id
                AND (former.price, former.size) = (given.price, given.size))
        ORDER BY instrument_id, occurred_at, provider_tick_id
        FOR UPDATE OF stored
    ), kept AS (
        INSERT INTO market_tickrevision
            (instrument_id, occurred_at, provider_tick_id, superseded_at, price, size, source)
        SELECT instrument_id, occurred_at, provider_tick_id, %s, price, size, source
        FROM corrected
    )
    UPDATE market_tick AS tick SET price = corrected.new_price, size = corrected.new_size
    FROM corrected
    WHERE tick.instrument_id = corrected.instrument_id
      AND tick.occurred_at = corrected.occurred_at
      AND tick.provider_tick_id = corrected.provider_tick_id
    RETURNING tick.instrument_id, date_bin('1 minute', tick.occurred_at, 'epoch'::timestamptz)
"""

# A minute without a first tick came as a bar, and says more than the ticks we happen to have.
MAKE_MINUTES: Final = """
    UPDATE market_bar AS stored
    SET open = made.prices[1], high = made.high, low = made.low,
        close = made.prices[made.count], volume = made.volume, turnover = made.turnover
    FROM (
        SELECT touched.instrument_id, touched.minute, max(price) AS high, min(price) AS low,
               array_agg(price ORDER BY occurred_at, provider_tick_id) AS prices,
               sum(size) AS volume, sum(round(price * size, 10)) AS turnover, count(*) AS count
        FROM unnest(%s::int4[], %s::timestamptz[]) AS touched(instrument_id, minute)
        JOIN market_tick AS tick
          ON tick.instrument_id = touched.instrument_id AND tick.occurred_at >= touched.minute
         AND tick.occurred_at < touched.minute + interval '1 minute'
        GROUP BY touched.instrument_id, touched.minute
    ) AS made
    WHERE stored.instrument_id = made.instrument_id AND stored."interval" = '1m'
      AND stored.opened_at = made.minute AND stored.first_tick_at IS NOT NULL
"""

_LONGER: Final = "".join(
    f", ('{Interval(length).value}', {bucket.start_of('touched.minute')})"
    for length, bucket in ROLLED.items()
)
BARS_OF_MINUTES: Final = f"""
    SELECT DISTINCT stored.instrument_id, stored."interval", stored.opened_at, {BAR_AS_JSON}
    FROM unnest(%s::int4[], %s::timestamptz[]) AS touched(instrument_id, minute)
    JOIN market_instrument AS instrument ON instrument.id = touched.instrument_id
    JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
    CROSS JOIN LATERAL (VALUES ('1m', touched.minute){_LONGER}) AS bucket("interval", opened_at)
    JOIN market_bar AS stored
      ON stored.instrument_id = touched.instrument_id
     AND stored."interval" = bucket."interval" AND stored.opened_at = bucket.opened_at
"""


def correct_ticks(ticks: TickColumns, *, received_at: datetime) -> int:
    """Take the provider's later word for ticks that are stored; return how many were corrected.

    Needs a transaction. The bars that hold them follow; those that have not been rolled up yet
    will say it by themselves.
    """
    minutes = _supersede(ticks, at=received_at)
    if not minutes:
        return 0
    touched = sorted(set(minutes))
    before = _bars_of(touched)
    with connection.cursor() as cursor:
        cursor.execute(MAKE_MINUTES, _columns(touched))
    roll_up_again(touched, at=received_at)
    after = _bars_of(touched)
    BarRevision.objects.bulk_create(
        BarRevision(
            instrument_id=key[0],
            interval=key[1],
            opened_at=key[2],
            superseded_at=received_at,
            bar=orjson.loads(bar),
        )
        for key, bar in sorted(before.items())
        if after[key] != bar
    )
    return len(minutes)


def _supersede(ticks: TickColumns, *, at: datetime) -> list[Minute]:
    """The minute of each tick that was corrected."""
    with connection.cursor() as cursor:
        cursor.execute(
            SUPERSEDE,
            [
                array_literal([str(number) for number in ticks.instrument_ids]),
                array_literal([str((time - EPOCH) // MICROSECOND) for time in ticks.times]),
                text_array(ticks.tick_ids),
                array_literal([str(price) for price in ticks.prices]),
                array_literal([str(size) for size in ticks.sizes]),
                text_array(ticks.sources),
                at,
            ],
        )
        return [(number, minute) for number, minute in cursor.fetchall()]


def _bars_of(minutes: Sequence[Minute]) -> dict[BarKey, str]:
    """The stored bars that hold the minutes, each as its revision would keep it."""
    with connection.cursor() as cursor:
        cursor.execute(BARS_OF_MINUTES, _columns(minutes))
        return {(number, length, at): bar for number, length, at, bar in cursor.fetchall()}


def _columns(minutes: Sequence[Minute]) -> list[list[object]]:
    return [[number for number, _ in minutes], [minute for _, minute in minutes]]
