"""The functions that place orders know stops, and count those that are held among the working.

The new arguments come last and may be left out, so that whoever calls as before is understood.
"""

from importlib import import_module
from typing import Final

from django.db import migrations

place: Final = import_module("trading.migrations.0002_place_order")
at_once: Final = import_module("trading.migrations.0004_place_order_at_once")

HELD_IS_WORKING: Final = place.FACTS.replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
).replace("'pending_new',", "'pending_new', 'held',")
FACTS_AS_BEFORE: Final = place.FACTS.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")

NEW_ARGUMENTS: Final = """,
    p_stop_price numeric DEFAULT NULL, p_trail_amount numeric DEFAULT NULL,
    p_trail_pct numeric DEFAULT NULL
) RETURNS text"""
RECORD: Final = (
    place.RECORD.replace("\n) RETURNS text", NEW_ARGUMENTS)
    .replace(
        "expires_at, status_reason\n",
        "expires_at, status_reason,\n        stop_price, trail_amount, trail_pct\n",
    )
    .replace("p_expires_at, ''\n", "p_expires_at, '', p_stop_price, p_trail_amount, p_trail_pct\n")
)
RECORD_ANSWERED: Final = at_once.RECORD_ANSWERED.replace("\n) RETURNS text", NEW_ARGUMENTS).replace(
    "p_hold, p_balance, p_reserve\n    );",
    "p_hold, p_balance, p_reserve,\n        p_stop_price, p_trail_amount, p_trail_pct\n    );",
)
DROP_RECORD: Final = "DROP FUNCTION trading_record_order;"
DROP_ANSWERED: Final = "DROP FUNCTION trading_record_answered_order;"


class Migration(migrations.Migration):
    dependencies = [("trading", "0005_stop_orders")]

    operations = [
        migrations.RunSQL(HELD_IS_WORKING, FACTS_AS_BEFORE),
        migrations.RunSQL(DROP_RECORD + RECORD, DROP_RECORD + place.RECORD),
        migrations.RunSQL(DROP_ANSWERED + RECORD_ANSWERED, DROP_ANSWERED + at_once.RECORD_ANSWERED),
    ]
