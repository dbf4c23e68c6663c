from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("market", "0017_keep_ticks_that_were_corrected"),
    ]

    operations = [
        migrations.AlterField(
            model_name="quarantinedrow",
            name="kind",
            field=models.CharField(
                choices=[
                    ("bar", "Bar"),
                    ("tick", "Tick"),
                    ("quote", "Quote"),
                    ("other", "Other"),
                ],
                db_default="bar",
                default="bar",
                max_length=5,
            ),
        ),
    ]
