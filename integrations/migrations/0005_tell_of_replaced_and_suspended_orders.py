"""Orders replaced and suspended are kinds of events."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0004_vault"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("order.filled", "An order is filled"),
                    ("order.partially_filled", "A part of an order is filled"),
                    ("order.canceled", "An order is cancelled"),
                    ("order.expired", "An order expires"),
                    ("order.rejected", "An order is rejected"),
                    ("order.replaced", "Another order takes over from an order"),
                    ("order.suspended", "An order is suspended, its instrument halted"),
                    ("alert.triggered", "An alert fires"),
                    ("cash.deposited", "Money is deposited"),
                    ("cash.withdrawn", "Money is withdrawn"),
                    ("income.received", "A dividend or interest is received"),
                    ("settlement.completed", "A trade is settled"),
                    ("api_key.created", "An API key is made"),
                    ("api_key.revoked", "An API key is revoked"),
                    ("webhook.disabled", "A webhook is disabled"),
                ],
                max_length=40,
            ),
        ),
        migrations.AlterField(
            model_name="notificationchoice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("order.filled", "An order is filled"),
                    ("order.partially_filled", "A part of an order is filled"),
                    ("order.canceled", "An order is cancelled"),
                    ("order.expired", "An order expires"),
                    ("order.rejected", "An order is rejected"),
                    ("order.replaced", "Another order takes over from an order"),
                    ("order.suspended", "An order is suspended, its instrument halted"),
                    ("alert.triggered", "An alert fires"),
                    ("cash.deposited", "Money is deposited"),
                    ("cash.withdrawn", "Money is withdrawn"),
                    ("income.received", "A dividend or interest is received"),
                    ("settlement.completed", "A trade is settled"),
                    ("api_key.created", "An API key is made"),
                    ("api_key.revoked", "An API key is revoked"),
                    ("webhook.disabled", "A webhook is disabled"),
                ],
                max_length=40,
            ),
        ),
        migrations.AlterField(
            model_name="outboxevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("order.filled", "An order is filled"),
                    ("order.partially_filled", "A part of an order is filled"),
                    ("order.canceled", "An order is cancelled"),
                    ("order.expired", "An order expires"),
                    ("order.rejected", "An order is rejected"),
                    ("order.replaced", "Another order takes over from an order"),
                    ("order.suspended", "An order is suspended, its instrument halted"),
                    ("alert.triggered", "An alert fires"),
                    ("cash.deposited", "Money is deposited"),
                    ("cash.withdrawn", "Money is withdrawn"),
                    ("income.received", "A dividend or interest is received"),
                    ("settlement.completed", "A trade is settled"),
                    ("api_key.created", "An API key is made"),
                    ("api_key.revoked", "An API key is revoked"),
                    ("webhook.disabled", "A webhook is disabled"),
                ],
                max_length=40,
            ),
        ),
    ]
