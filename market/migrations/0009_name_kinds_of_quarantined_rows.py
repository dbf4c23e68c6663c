"""Say of rows that are in quarantine already which of them are ticks, and which no prices."""

from django.db import migrations

NAME_KINDS = """
    UPDATE market_quarantinedrow AS row
    SET kind = CASE WHEN raw ? 'provider_tick_id' THEN 'tick' ELSE 'other' END
    WHERE raw ? 'provider_tick_id' OR NOT raw ?| array['line', 'open']
"""


class Migration(migrations.Migration):
    dependencies = [("market", "0008_judge_quarantined_rows")]

    # Undone, the column goes with the migration before.
    operations = [migrations.RunSQL(NAME_KINDS, migrations.RunSQL.noop)]
