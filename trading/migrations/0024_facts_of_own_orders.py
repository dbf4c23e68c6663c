"""What an order is judged by says which own orders rest on the other side, best price first.

The index finds them without a look at others, and counts an owner's working orders as before.
"""

from importlib import import_module
from typing import Final

from django.db import migrations, models

halts: Final = import_module("trading.migrations.0014_facts_of_halts")
resets: Final = import_module("trading.migrations.0019_facts_of_resets")

COLUMN: Final = "is_resetting boolean\n)"
WITH_OWN: Final = """is_resetting boolean,
    own_ask numeric, own_ask_id uuid, own_bid numeric, own_bid_id uuid
)"""
RESTING: Final = """
    LEFT JOIN LATERAL (
        SELECT best.limit_price, best.id FROM portfolio_portfolio AS own
        CROSS JOIN LATERAL (
            SELECT resting.limit_price, resting.id FROM trading_order AS resting
            WHERE resting.portfolio_id = own.id AND resting.instrument_id = p_instrument
                AND resting.side = '{side}' AND resting.limit_price IS NOT NULL
                AND resting.status IN ('new', 'partially_filled')
            ORDER BY resting.limit_price {order} LIMIT 1
        ) AS best
        WHERE own.owner_id = portfolio.owner_id
        ORDER BY best.limit_price {order} LIMIT 1
    ) AS {name} ON true"""
FACTS: Final = (
    resets.FACTS.replace(COLUMN, WITH_OWN)
    .replace(
        "reset.done_at IS NULL\n        )\n",
        """reset.done_at IS NULL
        ),
        own_sale.limit_price, own_sale.id, own_buy.limit_price, own_buy.id
""",
    )
    .replace(
        "\n    WHERE portfolio.id = p_portfolio;",
        RESTING.format(side="sell", order="ASC", name="own_sale")
        + RESTING.format(side="buy", order="DESC", name="own_buy")
        + "\n    WHERE portfolio.id = p_portfolio;",
    )
)
ADMISSION: Final = resets.ADMISSION.replace(COLUMN, WITH_OWN)
WORKING: Final = (
    *("pending_new", "held", "accepted", "new", "partially_filled"),
    *("pending_cancel", "pending_replace", "suspended"),
)


class Migration(migrations.Migration):
    dependencies = [("trading", "0023_fills_over_splits")]

    operations = [
        migrations.RemoveIndex(model_name="order", name="order_working_of_portfolio"),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(status__in=list(WORKING)),
                fields=["portfolio", "instrument", "side", "limit_price"],
                name="order_working_of_portfolio",
            ),
        ),
        migrations.RunSQL(
            halts.DROP + FACTS + ADMISSION, halts.DROP + resets.FACTS + resets.ADMISSION
        ),
    ]
