"""Stored valuations lack the flows that they are now asked for; they are derived again."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0007_entries_without_postings")]

    operations = [
        migrations.RunSQL("DELETE FROM portfolio_dailyvaluation", migrations.RunSQL.noop),
    ]
