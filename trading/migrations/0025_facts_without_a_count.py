"""What an order is judged by can be read without counting its owner's working orders.

Many orders of one owner are judged after one count, however many instruments they are of.
"""

from importlib import import_module
from typing import Final

from django.db import migrations

halts: Final = import_module("trading.migrations.0014_facts_of_halts")
own_orders: Final = import_module("trading.migrations.0024_facts_of_own_orders")

COUNT: Final = "(\n            SELECT count(*) FROM portfolio_portfolio AS own"
AFTER_COUNT: Final = "\n        ),\n        instrument.symbol"
FACTS: Final = (
    own_orders.FACTS.replace(
        "p_client_order_id text\n)", "p_client_order_id text, p_counts boolean DEFAULT true\n)", 1
    )
    .replace(COUNT, f"CASE WHEN p_counts THEN {COUNT}", 1)
    .replace(AFTER_COUNT, AFTER_COUNT.replace("),", ") END,"), 1)
)


class Migration(migrations.Migration):
    dependencies = [("trading", "0024_facts_of_own_orders")]

    operations = [
        migrations.RunSQL(
            halts.DROP + FACTS + own_orders.ADMISSION,
            halts.DROP + own_orders.FACTS + own_orders.ADMISSION,
        ),
    ]
