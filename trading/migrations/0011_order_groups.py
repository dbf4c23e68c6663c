"""Entries and exits belong together: of which class an order is, and whose leg."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("market", "0012_forgive_typing_errors_in_searches"),
        ("portfolio", "0003_money_probes"),
        ("trading", "0010_count_orders_being_replaced"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="activated_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="hold_reference",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="order_class",
            field=models.CharField(
                choices=[
                    ("simple", "Simple"),
                    ("bracket", "Bracket"),
                    ("oco", "Oco"),
                    ("oto", "Oto"),
                ],
                db_default="simple",
                default="simple",
                max_length=7,
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="parent",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="legs",
                to="trading.order",
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
                    ("activate", "Activate"),
                ],
                max_length=8,
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("parent", None), _negated=True),
                fields=["parent"],
                name="order_legs",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("parent", None),
                    models.Q(("order_class", "simple"), _negated=True),
                    _connector="OR",
                ),
                name="order_legs_have_a_class",
            ),
        ),
    ]
