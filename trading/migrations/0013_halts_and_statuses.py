"""Halts of instruments, and the statuses accepted, suspended and denied."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("market", "0014_thresholds_over_splits"),
        ("portfolio", "0009_files_on_their_way_into_the_books"),
        ("trading", "0012_holds_of_groups"),
    ]

    operations = [
        migrations.CreateModel(
            name="TradingHalt",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("reason", models.CharField(max_length=200)),
                ("halted_at", models.DateTimeField()),
                ("halted_by_id", models.UUIDField()),
                ("resumed_at", models.DateTimeField(null=True)),
                ("resumed_by_id", models.UUIDField(null=True)),
            ],
            options={
                "db_table": "trading_halt",
            },
        ),
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
        migrations.AlterField(
            model_name="order",
            name="status",
            field=models.CharField(
                choices=[
                    ("pending_new", "Pending new"),
                    ("held", "Held"),
                    ("accepted", "Accepted"),
                    ("new", "New"),
                    ("partially_filled", "Partially filled"),
                    ("filled", "Filled"),
                    ("pending_cancel", "Pending cancel"),
                    ("canceled", "Canceled"),
                    ("pending_replace", "Pending replace"),
                    ("suspended", "Suspended"),
                    ("replaced", "Replaced"),
                    ("expired", "Expired"),
                    ("rejected", "Rejected"),
                    ("denied", "Denied"),
                ],
                max_length=16,
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
                            "accepted",
                            "new",
                            "partially_filled",
                            "pending_cancel",
                            "pending_replace",
                            "suspended",
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
                            "accepted",
                            "new",
                            "partially_filled",
                            "pending_cancel",
                            "pending_replace",
                            "suspended",
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
                    (
                        "status__in",
                        [
                            "pending_new",
                            "held",
                            "accepted",
                            "new",
                            "partially_filled",
                            "filled",
                            "pending_cancel",
                            "canceled",
                            "pending_replace",
                            "suspended",
                            "replaced",
                            "expired",
                            "rejected",
                            "denied",
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
                                "accepted",
                                "new",
                                "partially_filled",
                                "pending_cancel",
                                "pending_replace",
                                "suspended",
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
                                    "accepted",
                                    "new",
                                    "partially_filled",
                                    "pending_cancel",
                                    "pending_replace",
                                    "suspended",
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
        migrations.AddField(
            model_name="tradinghalt",
            name="instrument",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="halts",
                to="market.instrument",
            ),
        ),
        migrations.AddConstraint(
            model_name="tradinghalt",
            constraint=models.UniqueConstraint(
                condition=models.Q(("resumed_at", None)), fields=("instrument",), name="halted_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="tradinghalt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("resumed_at", None),
                    ("resumed_at__gte", models.F("halted_at")),
                    _connector="OR",
                ),
                name="halt_resumed_after_halted",
            ),
        ),
    ]
