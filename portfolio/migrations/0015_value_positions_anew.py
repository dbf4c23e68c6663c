"""Days were stored before positions had days of their own; all of them are derived again."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0014_position_days")]

    operations = [
        migrations.RunSQL("DELETE FROM portfolio_dailyvaluation", migrations.RunSQL.noop),
    ]
