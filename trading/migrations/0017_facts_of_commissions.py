"""What an order is judged by says what its portfolio pays for orders."""

from importlib import import_module
from typing import Final

from django.db import migrations

halts: Final = import_module("trading.migrations.0014_facts_of_halts")

COLUMN: Final = "is_halted boolean\n)"
WITH_COMMISSION: Final = "is_halted boolean, commission text\n)"
FACTS: Final = halts.FACTS.replace(COLUMN, WITH_COMMISSION).replace(
    "AND halt.resumed_at IS NULL\n        )\n",
    """AND halt.resumed_at IS NULL
        ),
        coalesce(
            (
                SELECT terms.schedule FROM trading_commissionterms AS terms
                WHERE terms.portfolio_id = p_portfolio
            ), ''
        )::text
""",
)
ADMISSION: Final = halts.ADMISSION.replace(COLUMN, WITH_COMMISSION)


class Migration(migrations.Migration):
    dependencies = [("trading", "0016_commission_terms")]

    operations = [
        migrations.RunSQL(
            halts.DROP + FACTS + ADMISSION, halts.DROP + halts.FACTS + halts.ADMISSION
        ),
    ]
