"""Bars of 5, 15 and 30 minutes are kept as rows, too.

They need no filling: until an instrument's next minute begins, and stores what is missing, they
are added up from its minutes. Going back deletes them, because the code before would not keep
them current.
"""

from django.db import migrations, models

STORED = [
    ("1m", "1 minute"),
    ("5m", "5 minutes"),
    ("15m", "15 minutes"),
    ("30m", "30 minutes"),
    ("1h", "1 hour"),
    ("1d", "1 day"),
]

DELETE = "DELETE FROM {table} WHERE \"interval\" IN ('5m', '15m', '30m')"


class Migration(migrations.Migration):
    dependencies = [("market", "0002_ticks_partitioned_by_day")]

    operations = [
        migrations.AlterField(
            model_name="bar",
            name="interval",
            field=models.CharField(choices=STORED, max_length=3),
        ),
        migrations.AlterField(
            model_name="barrevision",
            name="interval",
            field=models.CharField(choices=STORED, max_length=3),
        ),
        migrations.RunSQL(
            sql=migrations.RunSQL.noop,
            reverse_sql=[
                DELETE.format(table="market_barrevision"),
                DELETE.format(table="market_bar"),
            ],
        ),
    ]
