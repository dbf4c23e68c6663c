"""Orders take over from one another: two statuses, and who replaced whom."""

from decimal import Decimal

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("market", "0010_feeds_of_instruments"),
        ("portfolio", "0003_money_probes"),
        ("trading", "0008_resume_streams"),
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
            name="filled_before",
            field=models.DecimalField(
                db_default=Decimal(0), decimal_places=10, default=Decimal(0), max_digits=28
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="replaced_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="trading.order",
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="replaces",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="trading.order",
            ),
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
                    ("pending_replace", "Pending replace"),
                    ("replaced", "Replaced"),
                    ("expired", "Expired"),
                    ("rejected", "Rejected"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="ordercommand",
            name="kind",
            field=models.CharField(
                choices=[
                    ("place", "Place"),
                    ("cancel", "Cancel"),
                    ("replace", "Replace"),
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
                        [
                            "pending_new",
                            "held",
                            "new",
                            "partially_filled",
                            "pending_cancel",
                            "pending_replace",
                        ],
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
                        [
                            "pending_new",
                            "held",
                            "new",
                            "partially_filled",
                            "pending_cancel",
                            "pending_replace",
                        ],
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
                    ("filled_before__gte", 0),
                    models.Q(
                        ("filled_before", 0),
                        models.Q(("replaces", None), _negated=True),
                        _connector="OR",
                    ),
                ),
                name="order_filled_before_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("replaced_by", None),
                    ("status", "replaced"),
                    _connector="OR",
                ),
                name="order_replaced_by_when_replaced",
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
                            "pending_replace",
                            "replaced",
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
                            [
                                "pending_new",
                                "held",
                                "new",
                                "partially_filled",
                                "pending_cancel",
                                "pending_replace",
                            ],
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
                                    "pending_replace",
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
