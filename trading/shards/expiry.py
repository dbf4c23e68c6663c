"""Day orders end with their session, and orders for an auction that was not held soon after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db import connection, transaction

from trading.shards import doorbell
from trading.shards.batches import AUCTION_GRACE
from trading.states import Status


def request_expiries(*, now: datetime, instrument_ids: Sequence[int] | None = None) -> int:
    """Queue the end of every order whose time has come; return how many were queued.

    An order whose expiry waits already is left alone, and a second expiry would change nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO trading_ordercommand (kind, order_id, instrument_id, created_at)
            SELECT 'expire', orders.id, orders.instrument_id, %(now)s
            FROM trading_order AS orders
            WHERE orders.status = ANY(%(working)s) AND orders.expires_at <= %(now)s
                AND (orders.time_in_force NOT IN ('opg', 'cls')
                    OR orders.expires_at <= %(auctions_before)s)
                AND (%(instruments)s::int[] IS NULL
                    OR orders.instrument_id = ANY(%(instruments)s::int[]))
                AND NOT EXISTS (
                    SELECT 1 FROM trading_ordercommand AS waiting
                    WHERE waiting.sequence IS NULL AND waiting.kind = 'expire'
                        AND waiting.order_id = orders.id
                )
            ORDER BY orders.id
            RETURNING instrument_id
            """,
            {
                "now": now,
                "auctions_before": now - AUCTION_GRACE,
                "working": Status.working(),
                "instruments": None if instrument_ids is None else list(instrument_ids),
            },
        )
        queued = {instrument_id for (instrument_id,) in cursor.fetchall()}
        count = int(cursor.rowcount)
    for instrument_id in queued:
        transaction.on_commit(partial(doorbell.ring, instrument_id))
    return count
