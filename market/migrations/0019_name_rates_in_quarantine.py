from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("market", "0018_name_quotes_in_quarantine"),
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
                    ("rate", "Exchange rate"),
                    ("other", "Other"),
                ],
                db_default="bar",
                default="bar",
                max_length=5,
            ),
        ),
    ]
