"""Orders that splits restate: the matcher's tasks, and what they made of fills."""

from decimal import Decimal

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("market", "0016_resume_streams_of_alerts"),
        ("trading", "0021_resume_streams_of_closings"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="units_from_splits",
            field=models.DecimalField(
                db_default=Decimal(0), decimal_places=10, default=Decimal(0), max_digits=28
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
                    ("restate", "Restate"),
                    ("trigger", "Trigger"),
                    ("activate", "Activate"),
                ],
                max_length=8,
            ),
        ),
        migrations.CreateModel(
            name="SplitRestatement",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("ratio_from", models.PositiveIntegerField()),
                ("ratio_to", models.PositiveIntegerField()),
                ("ex_date", models.DateField()),
                ("quantity", models.DecimalField(decimal_places=10, max_digits=28)),
                ("filled_before", models.DecimalField(decimal_places=10, max_digits=28)),
                ("limit_price", models.DecimalField(decimal_places=8, max_digits=20, null=True)),
                ("stop_price", models.DecimalField(decimal_places=8, max_digits=20, null=True)),
                ("trail_amount", models.DecimalField(decimal_places=8, max_digits=20, null=True)),
                ("restated_at", models.DateTimeField(null=True)),
                (
                    "command",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trading.ordercommand",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="restatements",
                        to="trading.order",
                    ),
                ),
                (
                    "split",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="market.corporateaction",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("order", "split"), name="split_restatement_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ratio_from__gt", 0), ("ratio_to__gt", 0)),
                        name="split_restatement_ratio",
                    ),
                ],
            },
        ),
    ]
