from decimal import Decimal

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0018_postings_of_an_entry_come_together")]

    operations = [
        migrations.AddField(
            model_name="dailyvaluation",
            name="cash_effect",
            field=models.DecimalField(decimal_places=10, max_digits=28, null=True),
        ),
        migrations.AddField(
            model_name="dailyvaluation",
            name="currency_effect",
            field=models.DecimalField(decimal_places=10, max_digits=28, null=True),
        ),
        migrations.AddField(
            model_name="dailyvaluation",
            name="fees",
            field=models.DecimalField(
                db_default=Decimal(0), decimal_places=10, default=Decimal(0), max_digits=28
            ),
        ),
        migrations.AddField(
            model_name="dailyvaluation",
            name="income",
            field=models.DecimalField(
                db_default=Decimal(0), decimal_places=10, default=Decimal(0), max_digits=28
            ),
        ),
        migrations.AddField(
            model_name="dailyvaluation",
            name="taxes",
            field=models.DecimalField(
                db_default=Decimal(0), decimal_places=10, default=Decimal(0), max_digits=28
            ),
        ),
        migrations.AddField(
            model_name="dailyvaluation",
            name="trade_fees",
            field=models.DecimalField(
                db_default=Decimal(0), decimal_places=10, default=Decimal(0), max_digits=28
            ),
        ),
        migrations.AddField(
            model_name="dailyvaluation",
            name="trade_taxes",
            field=models.DecimalField(
                db_default=Decimal(0), decimal_places=10, default=Decimal(0), max_digits=28
            ),
        ),
    ]
