"""The newest quote of each instrument in the database, for when Valkey has forgotten it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson
from django.db import connection, transaction

from market.intake.copying import copy_rows, make_temporary_table
from market.values import QuoteValue, levels_to_wire

QUOTE_COLUMNS: Final = {
    "instrument_id": "int4",
    "bid": "numeric(20,8)",
    "bid_size": "numeric(28,10)",
    "ask": "numeric(20,8)",
    "ask_size": "numeric(28,10)",
    "last": "numeric(20,8)",
    "last_size": "numeric(28,10)",
    "previous_close": "numeric(20,8)",
    "bid_levels": "text",
    "ask_levels": "text",
    "occurred_at": "timestamptz",
    "source": "varchar(20)",
}

STORE_QUOTES: Final = """
INSERT INTO market_quotesnapshot AS stored
    (instrument_id, bid, bid_size, ask, ask_size, last, last_size, previous_close,
     bid_levels, ask_levels, occurred_at, source)
SELECT DISTINCT ON (instrument_id)
       instrument_id, bid, bid_size, ask, ask_size, last, last_size, previous_close,
       bid_levels::jsonb, ask_levels::jsonb, occurred_at, source
FROM quote_arrival
WHERE EXISTS (SELECT FROM market_instrument WHERE id = quote_arrival.instrument_id)
ORDER BY instrument_id, occurred_at DESC
ON CONFLICT (instrument_id) DO UPDATE SET
    bid = excluded.bid, bid_size = excluded.bid_size,
    ask = excluded.ask, ask_size = excluded.ask_size,
    last = excluded.last, last_size = excluded.last_size,
    previous_close = excluded.previous_close,
    bid_levels = excluded.bid_levels, ask_levels = excluded.ask_levels,
    occurred_at = excluded.occurred_at, source = excluded.source
WHERE excluded.occurred_at >= stored.occurred_at
"""


@transaction.atomic
def store_quotes(quotes: Iterable[QuoteValue]) -> int:
    """Keep each quote that is not older than the one stored; return how many were kept.

    Quotes of instruments that do not exist are left out.
    """
    with connection.cursor() as cursor:
        make_temporary_table(cursor, "quote_arrival", QUOTE_COLUMNS)
        copy_rows(cursor, "quote_arrival", QUOTE_COLUMNS, (_row(quote) for quote in quotes))
        cursor.execute(STORE_QUOTES)
        return int(cursor.rowcount)


def _row(quote: QuoteValue) -> tuple[Any, ...]:
    return (
        quote.instrument_id,
        quote.bid,
        quote.bid_size,
        quote.ask,
        quote.ask_size,
        quote.last,
        quote.last_size,
        quote.previous_close,
        orjson.dumps(levels_to_wire(quote.bid_levels)).decode(),
        orjson.dumps(levels_to_wire(quote.ask_levels)).decode(),
        quote.occurred_at,
        quote.source,
    )
