"""Orders that are being replaced work still, and hold together with those that replace them."""

from importlib import import_module
from typing import Final

from django.db import migrations

stops: Final = import_module("trading.migrations.0006_place_stop_orders")
probes: Final = import_module("trading.migrations.0003_order_probes")

FACTS: Final = stops.HELD_IS_WORKING.replace(
    "'pending_cancel')", "'pending_cancel', 'pending_replace')"
)

# An order on its way to take over holds what the old one does not; together they have enough.
ORDERS_HELD: Final = """
CREATE OR REPLACE VIEW probe_orders_without_hold AS
SELECT orders.portfolio_id, format('order %s (%s, %s of %s filled): hold of %s, released %s',
        orders.id, orders.status, orders.filled_quantity, orders.quantity, hold.remaining,
        hold.released_at) AS detail
FROM trading_order AS orders
LEFT JOIN portfolio_hold AS hold ON hold.reference = orders.id
LEFT JOIN trading_order AS old ON old.id = orders.replaces_id AND old.finished_at IS NULL
LEFT JOIN portfolio_hold AS old_hold ON old_hold.reference = old.id
CROSS JOIN LATERAL (
    SELECT CASE orders.side WHEN 'sell' THEN left_over ELSE orders.worst_price * left_over END
            AS needed,
        orders.replaces_id IS NOT NULL AND orders.priority IS NULL AS is_on_its_way
    FROM (
        SELECT CASE WHEN old.id IS NULL THEN orders.quantity - orders.filled_quantity
            ELSE orders.quantity + orders.filled_before - old.filled_quantity END AS left_over
    ) AS quantities
) AS wanted
WHERE hold.id IS NULL
    OR (orders.finished_at IS NULL) <> (hold.released_at IS NULL)
    OR (orders.finished_at IS NULL AND NOT is_on_its_way AND orders.side = 'sell'
        AND hold.remaining <> needed)
    OR (orders.finished_at IS NULL AND NOT is_on_its_way AND orders.side = 'buy'
        AND hold.remaining < needed)
    OR (orders.finished_at IS NULL AND is_on_its_way AND old.id IS NOT NULL
        AND hold.remaining + old_hold.remaining < needed)
"""
ORDERS_HELD_BEFORE: Final = probes.ORDERS_HELD.replace("CREATE VIEW", "CREATE OR REPLACE VIEW")


class Migration(migrations.Migration):
    dependencies = [("trading", "0009_replace_orders")]

    operations = [
        migrations.RunSQL(FACTS, stops.HELD_IS_WORKING),
        migrations.RunSQL(ORDERS_HELD, ORDERS_HELD_BEFORE),
    ]
