"""Exits share a hold, and hold what their entry has bought: the probe of holds knows both."""

from importlib import import_module
from typing import Final

from django.db import migrations

replaced: Final = import_module("trading.migrations.0010_count_orders_being_replaced")

ORDERS_HELD: Final = """
CREATE OR REPLACE VIEW probe_orders_without_hold AS
SELECT orders.portfolio_id, format('order %s (%s, %s of %s filled): hold of %s, released %s',
        orders.id, orders.status, orders.filled_quantity, orders.quantity, hold.remaining,
        hold.released_at) AS detail
FROM trading_order AS orders
LEFT JOIN portfolio_hold AS hold ON hold.reference = coalesce(orders.hold_reference, orders.id)
LEFT JOIN trading_order AS old ON old.id = orders.replaces_id AND old.finished_at IS NULL
LEFT JOIN portfolio_hold AS old_hold ON old_hold.reference = old.id
LEFT JOIN trading_order AS entry ON entry.id = orders.parent_id AND orders.activated_at IS NULL
    AND orders.order_class <> 'oco' AND entry.finished_at IS NULL
CROSS JOIN LATERAL (
    SELECT CASE orders.side WHEN 'sell' THEN left_over ELSE orders.worst_price * left_over END
            AS needed,
        orders.replaces_id IS NOT NULL AND orders.priority IS NULL AS is_on_its_way
    FROM (
        SELECT CASE WHEN entry.id IS NOT NULL THEN entry.filled_quantity
            WHEN old.id IS NULL THEN orders.quantity - orders.filled_quantity
            ELSE orders.quantity + orders.filled_before - old.filled_quantity END AS left_over
    ) AS quantities
) AS wanted
-- Among exits that sleep in an OCO, and those that are to take over from an exit, others say it.
CROSS JOIN LATERAL (
    SELECT orders.finished_at IS NULL AND NOT is_on_its_way
        AND NOT (orders.order_class = 'oco' AND orders.parent_id IS NOT NULL
            AND orders.activated_at IS NULL) AS speaks_for_hold
) AS voice
WHERE hold.id IS NULL
    OR (orders.finished_at IS NULL AND hold.released_at IS NOT NULL)
    OR (orders.finished_at IS NOT NULL AND hold.released_at IS NULL AND NOT EXISTS (
        SELECT FROM trading_order AS other WHERE other.portfolio_id = orders.portfolio_id
            AND other.finished_at IS NULL
            AND coalesce(other.hold_reference, other.id) = hold.reference
    ))
    OR (speaks_for_hold AND orders.side = 'sell' AND hold.remaining <> needed)
    OR (speaks_for_hold AND orders.side = 'buy' AND hold.remaining < needed)
    OR (orders.finished_at IS NULL AND is_on_its_way AND old.id IS NOT NULL
        AND orders.hold_reference IS NULL AND hold.remaining + old_hold.remaining < needed)
"""
ORDERS_HELD_BEFORE: Final = replaced.ORDERS_HELD


class Migration(migrations.Migration):
    dependencies = [("trading", "0011_order_groups")]

    operations = [migrations.RunSQL(ORDERS_HELD, ORDERS_HELD_BEFORE)]
