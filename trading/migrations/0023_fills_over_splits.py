"""What an order has filled counts in units of now: the probe knows what splits made of its fills."""

from importlib import import_module
from typing import Final

from django.db import migrations

probes: Final = import_module("trading.migrations.0003_order_probes")

AS_FILLED_BEFORE: Final = probes.ORDERS_AS_FILLED.replace("CREATE VIEW", "CREATE OR REPLACE VIEW")
AS_FILLED: Final = AS_FILLED_BEFORE.replace(
    "WHERE orders.filled_quantity <> coalesce(fills.quantity, 0)",
    "WHERE orders.filled_quantity - orders.units_from_splits <> coalesce(fills.quantity, 0)",
)


class Migration(migrations.Migration):
    dependencies = [("trading", "0022_restate_orders_at_splits")]

    operations = [migrations.RunSQL(AS_FILLED, AS_FILLED_BEFORE)]
