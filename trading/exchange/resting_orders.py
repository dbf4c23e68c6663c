"""Orders that rest in our market, as everybody may see them: price by price and without names.

Fulfils ``market.depth.resting_orders.RestingOrderSource``.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import connection

from market import sessions
from market.depth.order_books import RestingLevel, RestingOrders
from trading.states import Side

# The statuses are those of the index of working orders; an order without a priority has not
# been through the book yet. Market orders wait unseen, they have no limit, and so do stops.
LEVELS: Final = """
SELECT instrument_id, mic, side, price, size, orders FROM (
    SELECT orders.instrument_id, instrument.exchange_id AS mic, orders.side,
        orders.limit_price AS price, sum(orders.quantity - orders.filled_quantity) AS size,
        count(*) AS orders,
        row_number() OVER (
            PARTITION BY orders.instrument_id, orders.side
            ORDER BY CASE orders.side WHEN 'buy' THEN -orders.limit_price
                ELSE orders.limit_price END
        ) AS place
    FROM trading_order AS orders
    JOIN market_instrument AS instrument ON instrument.id = orders.instrument_id
    WHERE orders.status IN ('pending_new', 'held', 'new', 'partially_filled', 'pending_cancel',
            'pending_replace')
        AND orders.priority IS NOT NULL AND orders.limit_price IS NOT NULL
        AND (orders.stop_price IS NULL OR orders.triggered_at IS NOT NULL)
        AND (orders.parent_id IS NULL OR orders.activated_at IS NOT NULL)
        AND orders.instrument_id = ANY(%s)
    GROUP BY orders.instrument_id, instrument.exchange_id, orders.side, orders.limit_price
) AS level
WHERE place <= %s
ORDER BY instrument_id, side, place
"""


class WorkingOrders:
    """The working limit orders of all users."""

    def resting_orders(
        self, instrument_ids: Collection[int], *, depth: int, at: datetime
    ) -> dict[int, RestingOrders]:
        """The best ``depth`` prices of each side, by instrument, from one query.

        While an exchange is closed its orders wait to be matched at the opening and are not shown.
        """
        with connection.cursor() as cursor:
            cursor.execute(LEVELS, [list(instrument_ids), depth])
            rows = cursor.fetchall()
        is_open = {mic: sessions.is_open(at, mic) for mic in {row[1] for row in rows}}
        sides: dict[int, dict[str, list[RestingLevel]]] = {}
        for instrument_id, mic, side, price, size, orders in rows:
            if is_open[mic]:
                levels = sides.setdefault(instrument_id, {Side.BUY: [], Side.SELL: []})
                levels[side].append(RestingLevel(price, size, orders))
        return {
            instrument_id: RestingOrders(tuple(levels[Side.BUY]), tuple(levels[Side.SELL]))
            for instrument_id, levels in sides.items()
        }
