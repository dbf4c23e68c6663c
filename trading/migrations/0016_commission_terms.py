"""Schedules of commissions by portfolio."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0009_files_on_their_way_into_the_books"),
        ("trading", "0015_orders_for_auctions"),
    ]

    operations = [
        migrations.CreateModel(
            name="CommissionTerms",
            fields=[
                (
                    "portfolio",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="commission_terms",
                        serialize=False,
                        to="portfolio.portfolio",
                    ),
                ),
                ("schedule", models.CharField(max_length=120)),
                ("changed_at", models.DateTimeField()),
            ],
        ),
        migrations.AlterField(
            model_name="order",
            name="commission_schedule",
            field=models.CharField(max_length=120),
        ),
    ]
