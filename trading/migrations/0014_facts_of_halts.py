"""What an order is judged by says whether its instrument is halted, and counts every working one."""

from importlib import import_module
from typing import Final

from django.db import migrations

counted: Final = import_module("trading.migrations.0010_count_orders_being_replaced")
at_once: Final = import_module("trading.migrations.0004_place_order_at_once")

COLUMNS: Final = "earlier_order_id uuid\n)"
WITH_HALT: Final = "earlier_order_id uuid, is_halted boolean\n)"
FACTS: Final = (
    counted.FACTS.replace(COLUMNS, WITH_HALT)
    .replace("'pending_new', 'held',", "'pending_new', 'held', 'accepted', 'suspended',")
    .replace(
        ")\n    FROM portfolio_portfolio AS portfolio\n",
        """),
        EXISTS (
            SELECT FROM trading_halt AS halt
            WHERE halt.instrument_id = p_instrument AND halt.resumed_at IS NULL
        )
    FROM portfolio_portfolio AS portfolio
""",
    )
)
ADMISSION: Final = at_once.ADMISSION.replace(COLUMNS, WITH_HALT)
DROP: Final = "DROP FUNCTION trading_order_admission; DROP FUNCTION trading_order_facts;"


class Migration(migrations.Migration):
    dependencies = [("trading", "0013_halts_and_statuses")]

    operations = [
        migrations.RunSQL(DROP + FACTS + ADMISSION, DROP + counted.FACTS + at_once.ADMISSION),
    ]
