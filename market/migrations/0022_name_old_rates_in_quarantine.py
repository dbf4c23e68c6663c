"""Let cells of exchange rates be released that were refused before what they said was kept.

Their reason names the currency, their message the text of the cell; the date is for staff to give.
Lines without a date kept nothing of what they said, and stay as they are.
"""

from django.db import migrations

NAME_RATES = r"""
    UPDATE market_quarantinedrow AS row
    SET kind = 'rate',
        raw = jsonb_build_object(
            'date', '',
            'currency', substring(row.code from 'bad_rate_([A-Z]{3})'),
            'per_euro', substring(row.message from ' was [''"](.*)[''"], must be a number')
        )
    FROM market_ingestionrun AS run
    WHERE run.id = row.run_id AND run.source_name = 'exchange rates'
      AND row.kind = 'other' AND row.status = 'waiting' AND row.raw = '{}'
      AND row.code ~ '^bad_rate_[A-Z]{3}$'
      AND row.message ~ ' was [''"].*[''"], must be a number'
"""
FORGET_THEM = """
    UPDATE market_quarantinedrow SET kind = 'other', raw = '{}'
    WHERE kind = 'rate' AND status = 'waiting' AND raw->>'date' = ''
"""


class Migration(migrations.Migration):
    dependencies = [("market", "0021_take_back_confirmations")]

    operations = [migrations.RunSQL(NAME_RATES, FORGET_THEM)]
