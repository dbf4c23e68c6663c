import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("market", "0016_resume_streams_of_alerts"),
    ]

    operations = [
        migrations.CreateModel(
            name="TickRevision",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("occurred_at", models.DateTimeField()),
                ("provider_tick_id", models.CharField(max_length=40)),
                ("superseded_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("price", models.DecimalField(decimal_places=8, max_digits=20)),
                ("size", models.DecimalField(decimal_places=10, max_digits=28)),
                ("source", models.CharField(max_length=20)),
                (
                    "instrument",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="market.instrument",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["instrument", "occurred_at", "provider_tick_id"],
                        name="tick_revision_of_tick",
                    )
                ],
            },
        ),
    ]
