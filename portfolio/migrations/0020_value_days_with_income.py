"""Stored days lack the income, charges and effects of rates that they are now asked for.

They are known to be wrong from the first one, so whoever reads them next has them valued anew. Days
of positions are as they were, so those are compared and not written again.
"""

from django.db import migrations

MARK = """
UPDATE portfolio_portfolio AS p SET valuations_stale_from = DATE '1970-01-01'
WHERE EXISTS (SELECT FROM portfolio_dailyvaluation AS d WHERE d.portfolio_id = p.id)
"""


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0019_income_and_rates_of_days")]

    operations = [migrations.RunSQL(MARK, migrations.RunSQL.noop)]
