"""Orders for the opening and closing auctions are a time in force."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0014_facts_of_halts"),
    ]

    operations = [
        migrations.AlterField(
            model_name="order",
            name="time_in_force",
            field=models.CharField(
                choices=[
                    ("day", "Day"),
                    ("gtc", "Gtc"),
                    ("ioc", "Ioc"),
                    ("fok", "Fok"),
                    ("opg", "Opg"),
                    ("cls", "Cls"),
                ],
                max_length=3,
            ),
        ),
    ]
