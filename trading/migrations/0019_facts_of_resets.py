"""What an order is judged by says whether its portfolio is being reset."""

from importlib import import_module
from typing import Final

from django.db import migrations

halts: Final = import_module("trading.migrations.0014_facts_of_halts")
commissions: Final = import_module("trading.migrations.0017_facts_of_commissions")

COLUMN: Final = "commission text\n)"
WITH_RESET: Final = "commission text, is_resetting boolean\n)"
FACTS: Final = commissions.FACTS.replace(COLUMN, WITH_RESET).replace(
    "            ), ''\n        )::text\n",
    """            ), ''
        )::text,
        EXISTS (
            SELECT FROM trading_portfolioreset AS reset
            WHERE reset.portfolio_id = p_portfolio AND reset.done_at IS NULL
        )
""",
)
ADMISSION: Final = commissions.ADMISSION.replace(COLUMN, WITH_RESET)


class Migration(migrations.Migration):
    dependencies = [("trading", "0018_portfolio_resets")]

    operations = [
        migrations.RunSQL(
            halts.DROP + FACTS + ADMISSION, halts.DROP + commissions.FACTS + commissions.ADMISSION
        ),
    ]
