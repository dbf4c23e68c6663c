"""Ticks and the minutes they make into their tables, by one statement.

Live batches are new almost always, so a batch is first added as if it were: looking each tick up
before it is added costs a third more. Where one of them is known, the whole is undone and written
anew with that look.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from django.db import IntegrityError
from psycopg.errors import UniqueViolation

from accounts.array_literals import array_literal, text_array
from accounts.statement_flow import prepared_cursor
from market.intake.tick_columns import TickColumns

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)

# Sorted as the aggregates below need it, and so that writers of the same ticks meet in one order.
# Arrays come apart beside each other, not each in a FROM, where it would be written down first. The
# division is exact to the microsecond until the year 2242.
GIVEN: Final = """
    SELECT instrument_id, date_bin('1 minute', occurred_at, 'epoch'::timestamptz) AS opened_at,
           occurred_at, provider_tick_id, price, size, source
    FROM (
        SELECT instrument_id, to_timestamp(at / 1e6::float8) AS occurred_at,
               provider_tick_id COLLATE "C" AS provider_tick_id,
               price::numeric(20,8) AS price, size::numeric(28,10) AS size,
               coalesce(source, %s::varchar) AS source
        FROM (
            SELECT unnest(%s::int4[]) AS instrument_id, unnest(%s::int8[]) AS at,
                   unnest(%s::varchar[]) AS provider_tick_id, unnest(%s::numeric[]) AS price,
                   unnest(%s::numeric[]) AS size, unnest(%s::varchar[]) AS source
        ) AS sent
    ) AS tick
    ORDER BY instrument_id, opened_at, occurred_at, provider_tick_id
"""
ADD: Final = """
    INSERT INTO market_tick (instrument_id, occurred_at, provider_tick_id, price, size, source)
    SELECT instrument_id, occurred_at, provider_tick_id, price, size, source FROM given
"""
ADD_NEW: Final = f"""arrived AS ({ADD} RETURNING 1), fresh AS NOT MATERIALIZED (TABLE given)"""
ADD_UNKNOWN: Final = f"""
    arrived AS (
        {ADD} ON CONFLICT DO NOTHING
        RETURNING instrument_id, occurred_at, provider_tick_id, price, size, source
    ), fresh AS (
        SELECT *, date_bin('1 minute', occurred_at, 'epoch'::timestamptz) AS opened_at FROM arrived
    )
"""

# Open belongs to the first tick of the minute by time and id and close to the last, whatever order
# they arrive in. A minute without a first tick came from a back-fill: its open stays. Products are
# rounded one by one, else the turnover would depend on how ticks were batched. The count comes
# first, so that ticks are always written before bars and two writers cannot wait for one another.
STORE: Final = """
WITH given AS MATERIALIZED ({given}), {add}, summed AS (
    SELECT instrument_id, opened_at, max(price) AS high, min(price) AS low,
           array_agg(price ORDER BY occurred_at, provider_tick_id) AS prices,
           sum(size) AS volume, sum(round(price * size, 10)) AS turnover, count(*) AS "count",
           max(source) AS source, min(occurred_at) AS first_at, max(occurred_at) AS last_at,
           array_agg(provider_tick_id ORDER BY occurred_at, provider_tick_id) AS ids
    FROM fresh WHERE (SELECT count(*) FROM arrived) > 0 GROUP BY instrument_id, opened_at
), touched AS (
    INSERT INTO market_bar AS stored
        (instrument_id, "interval", opened_at, open, high, low, close, volume, turnover, "count",
         source, first_tick_at, first_tick_id, last_tick_at, last_tick_id)
    SELECT instrument_id, '1m', opened_at, prices[1], high, low, prices["count"], volume, turnover,
           "count", source, first_at, ids[1], last_at, ids["count"]
    FROM summed ORDER BY instrument_id, opened_at
    ON CONFLICT (instrument_id, "interval", opened_at) DO UPDATE SET
        open = CASE WHEN (excluded.first_tick_at, excluded.first_tick_id COLLATE "C")
                       < (stored.first_tick_at, stored.first_tick_id COLLATE "C")
                    THEN excluded.open ELSE stored.open END,
        first_tick_id = CASE WHEN (excluded.first_tick_at, excluded.first_tick_id COLLATE "C")
                                < (stored.first_tick_at, stored.first_tick_id COLLATE "C")
                             THEN excluded.first_tick_id ELSE stored.first_tick_id END,
        first_tick_at = CASE WHEN stored.first_tick_at IS NOT NULL
                             THEN least(stored.first_tick_at, excluded.first_tick_at) END,
        close = CASE WHEN (excluded.last_tick_at, excluded.last_tick_id COLLATE "C")
                        < (stored.last_tick_at, stored.last_tick_id COLLATE "C")
                     THEN stored.close ELSE excluded.close END,
        last_tick_id = CASE WHEN (excluded.last_tick_at, excluded.last_tick_id COLLATE "C")
                               < (stored.last_tick_at, stored.last_tick_id COLLATE "C")
                            THEN stored.last_tick_id ELSE excluded.last_tick_id END,
        last_tick_at = greatest(stored.last_tick_at, excluded.last_tick_at),
        high = greatest(stored.high, excluded.high),
        low = least(stored.low, excluded.low),
        volume = stored.volume + excluded.volume,
        turnover = stored.turnover + excluded.turnover,
        "count" = stored."count" + excluded."count"
    RETURNING instrument_id, opened_at, xmax = 0 AS is_new
)
SELECT (SELECT count(*) FROM arrived), instrument_id, opened_at, is_new
FROM (VALUES (1)) AS always LEFT JOIN touched ON is_new OR opened_at < %s::timestamptz
"""
STORE_NEW: Final = STORE.format(given=GIVEN, add=ADD_NEW)
STORE_UNKNOWN: Final = STORE.format(given=GIVEN, add=ADD_UNKNOWN)


class SomeTicksAreKnown(Exception):
    """Ticks that were taken for new were not all; nothing of the transaction can stay."""


class TouchedMinute(NamedTuple):
    """A minute to which ticks were added; ``is_new`` where it had no bar before."""

    instrument_id: int
    opened_at: datetime
    is_new: bool


@dataclass(frozen=True, slots=True)
class WrittenTicks:
    """How many were new, and the minutes that began with them or lie in the past."""

    count: int
    minutes: tuple[TouchedMinute, ...]


def write_ticks(ticks: TickColumns, *, past_before: datetime, are_new: bool) -> WrittenTicks:
    """Add ticks and their minutes, by one statement.

    Minutes before ``past_before`` lie in the past. With ``are_new`` none may be stored yet.

    Raises:
        SomeTicksAreKnown: ``are_new``, and one of them is stored or given twice.
    """
    with prepared_cursor() as cursor:
        try:
            cursor.execute(
                STORE_NEW if are_new else STORE_UNKNOWN, [*_parameters(ticks), past_before]
            )
        except IntegrityError as error:
            if are_new and isinstance(error.__cause__, UniqueViolation):
                raise SomeTicksAreKnown from error
            raise
        rows = cursor.fetchall()
    minutes = tuple(TouchedMinute(*row[1:]) for row in rows if row[1] is not None)
    return WrittenTicks(count=rows[0][0], minutes=minutes)


def _parameters(ticks: TickColumns) -> list[str]:
    """The source that all have, and the columns as array literals.

    A COPY of so few rows would need a table to land in, and four more round trips.
    """
    is_of_one = len(set(ticks.sources)) == 1
    return [
        ticks.sources[0] if is_of_one else "",
        array_literal([str(number) for number in ticks.instrument_ids]),
        # PostgreSQL reads a number far quicker than a time.
        array_literal([str((time - EPOCH) // MICROSECOND) for time in ticks.times]),
        text_array(ticks.tick_ids),
        array_literal([str(price) for price in ticks.prices]),
        array_literal([str(size) for size in ticks.sizes]),
        text_array([] if is_of_one else ticks.sources),
    ]
