"""Stop orders wait, held, for their price."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("market", "0006_corporate_actions"),
        ("portfolio", "0003_money_probes"),
        ("trading", "0004_place_order_at_once"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="order",
            name="order_status_known",
        ),
        migrations.RemoveConstraint(
            model_name="order",
            name="order_finished_when_terminal",
        ),
        migrations.RemoveIndex(
            model_name="order",
            name="order_working",
        ),
        migrations.RemoveIndex(
            model_name="order",
            name="order_working_of_portfolio",
        ),
        migrations.AddField(
            model_name="order",
            name="stop_price",
            field=models.DecimalField(decimal_places=8, max_digits=20, null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="trail_amount",
            field=models.DecimalField(decimal_places=8, max_digits=20, null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="trail_pct",
            field=models.DecimalField(decimal_places=4, max_digits=8, null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="triggered_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="water_mark",
            field=models.DecimalField(decimal_places=8, max_digits=20, null=True),
        ),
        migrations.AlterField(
            model_name="order",
            name="status",
            field=models.CharField(
                choices=[
                    ("pending_new", "Pending new"),
                    ("held", "Held"),
                    ("new", "New"),
                    ("partially_filled", "Partially filled"),
                    ("filled", "Filled"),
                    ("pending_cancel", "Pending cancel"),
                    ("canceled", "Canceled"),
                    ("expired", "Expired"),
                    ("rejected", "Rejected"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="type",
            field=models.CharField(
                choices=[
                    ("market", "Market"),
                    ("limit", "Limit"),
                    ("stop", "Stop"),
                    ("stop_limit", "Stop limit"),
                    ("trailing_stop", "Trailing stop"),
                ],
                max_length=14,
            ),
        ),
        migrations.AlterField(
            model_name="ordercommand",
            name="kind",
            field=models.CharField(
                choices=[
                    ("place", "Place"),
                    ("cancel", "Cancel"),
                    ("expire", "Expire"),
                    ("trigger", "Trigger"),
                ],
                max_length=8,
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    (
                        "status__in",
                        ["pending_new", "held", "new", "partially_filled", "pending_cancel"],
                    )
                ),
                fields=["instrument", "priority"],
                name="order_working",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    (
                        "status__in",
                        ["pending_new", "held", "new", "partially_filled", "pending_cancel"],
                    )
                ),
                fields=["portfolio"],
                name="order_working_of_portfolio",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("stop_price", None), ("stop_price__gt", 0), _connector="OR"),
                    models.Q(("trail_amount", None), ("trail_amount__gt", 0), _connector="OR"),
                    models.Q(
                        ("trail_pct", None),
                        models.Q(("trail_pct__gt", 0), ("trail_pct__lt", 100)),
                        _connector="OR",
                    ),
                    models.Q(("water_mark", None), ("water_mark__gt", 0), _connector="OR"),
                ),
                name="order_stop_prices_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "pending_new",
                            "held",
                            "new",
                            "partially_filled",
                            "filled",
                            "pending_cancel",
                            "canceled",
                            "expired",
                            "rejected",
                        ],
                    )
                ),
                name="order_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("finished_at", None),
                        (
                            "status__in",
                            ["pending_new", "held", "new", "partially_filled", "pending_cancel"],
                        ),
                    ),
                    models.Q(
                        ("finished_at__isnull", False),
                        models.Q(
                            (
                                "status__in",
                                [
                                    "pending_new",
                                    "held",
                                    "new",
                                    "partially_filled",
                                    "pending_cancel",
                                ],
                            ),
                            _negated=True,
                        ),
                    ),
                    _connector="OR",
                ),
                name="order_finished_when_terminal",
            ),
        ),
    ]
