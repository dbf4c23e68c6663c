"""Going back, rows that were confirmed count as released: their trades are stored."""

from django.db import migrations

COUNT_AS_RELEASED = """
    UPDATE market_quarantinedrow SET status = 'released', confirmed_by = NULL
    WHERE status = 'confirmed'
"""


class Migration(migrations.Migration):
    dependencies = [("market", "0020_resolve_confirmed_jumps")]

    operations = [migrations.RunSQL(migrations.RunSQL.noop, COUNT_AS_RELEASED)]
