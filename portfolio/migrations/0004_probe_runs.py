"""Each run of the money probes leaves a row."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0003_money_probes"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProbeRun",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("checked_at", models.DateTimeField()),
                ("violations", models.PositiveIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["-checked_at"], name="probe_run_newest")],
            },
        ),
    ]
