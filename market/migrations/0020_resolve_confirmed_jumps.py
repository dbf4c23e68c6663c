from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("market", "0019_name_rates_in_quarantine"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="quarantinedrow",
            name="quarantined_row_judged_at_once",
        ),
        migrations.AddField(
            model_name="quarantinedrow",
            name="confirmed_by",
            field=models.JSONField(null=True),
        ),
        migrations.AlterField(
            model_name="quarantinedrow",
            name="status",
            field=models.CharField(
                choices=[
                    ("waiting", "Waiting"),
                    ("released", "Released"),
                    ("rejected", "Rejected"),
                    ("confirmed", "Confirmed"),
                ],
                db_default="waiting",
                default="waiting",
                max_length=9,
            ),
        ),
        migrations.AddConstraint(
            model_name="quarantinedrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("judged_at__isnull", True), ("status", "waiting")),
                    models.Q(
                        ("judged_at__isnull", False),
                        ("status__in", ["released", "rejected", "confirmed"]),
                    ),
                    _connector="OR",
                ),
                name="quarantined_row_judged_at_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="quarantinedrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("confirmed_by__isnull", False), ("status", "confirmed")),
                    models.Q(
                        models.Q(("status", "confirmed"), _negated=True),
                        ("confirmed_by__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="quarantined_row_says_what_confirmed_it",
            ),
        ),
    ]
