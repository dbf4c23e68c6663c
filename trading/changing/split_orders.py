"""Working orders at a split: they are cancelled, because they were meant for other units.

A broker that adjusts prices and quantities instead has to round both, and an order that nobody
asked for stands in the book. Here whoever wants to go on places a new order.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Final

from django.db import transaction

from portfolio.bookkeeping.bulk import fetch_rows
from trading.shards import doorbell
from trading.states import TRANSITIONS, Event

# Orders of the days before the ex-date, by the exchange's own days, once that has begun. What
# is being cancelled already is left alone.
CANCEL: Final = """
WITH due AS (
    SELECT orders.id, orders.instrument_id, split.words
    FROM trading_order AS orders
    JOIN market_instrument AS instrument ON instrument.id = orders.instrument_id
    JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
    CROSS JOIN LATERAL (
        SELECT format('A split of %%s for %%s takes effect on %%s.', action.ratio_to,
            action.ratio_from, action.ex_date) AS words
        FROM market_corporateaction AS action
        WHERE action.instrument_id = orders.instrument_id AND action.kind = 'split'
            AND action.cancelled_at IS NULL
            AND action.ex_date <= (%(now)s::timestamptz AT TIME ZONE exchange.timezone)::date
            AND action.ex_date > (orders.submitted_at AT TIME ZONE exchange.timezone)::date
        ORDER BY action.ex_date LIMIT 1
    ) AS split
    WHERE orders.status = ANY(%(cancellable)s)
    ORDER BY orders.id FOR NO KEY UPDATE OF orders
), asked AS (
    UPDATE trading_order AS orders SET status = 'pending_cancel', updated_at = %(now)s
    FROM due WHERE orders.id = due.id
), told AS (
    INSERT INTO trading_orderevent (order_id, kind, status, occurred_at, details)
    SELECT id, %(kind)s, 'pending_cancel', %(now)s, jsonb_build_object('reason', words)
    FROM due ORDER BY id
)
INSERT INTO trading_ordercommand (kind, order_id, instrument_id, created_at)
SELECT 'cancel', id, instrument_id, %(now)s FROM due ORDER BY id
RETURNING instrument_id
"""


@transaction.atomic
def cancel_over_splits(*, now: datetime) -> int:
    """Ask for every order that a split has overtaken to be taken out; return how many there are.

    Each gives back what it holds when the matcher has done it. Asking again changes nothing.
    """
    cancellable = sorted(status for status, event in TRANSITIONS if event is Event.CANCEL_REQUESTED)
    rows = fetch_rows(
        CANCEL, {"now": now, "cancellable": cancellable, "kind": Event.CANCEL_REQUESTED.value}
    )
    for instrument_id in {row[0] for row in rows}:
        transaction.on_commit(partial(doorbell.ring, instrument_id))
    return len(rows)
