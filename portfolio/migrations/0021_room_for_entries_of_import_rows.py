"""Each row of an import is written twice: when it was read, and with its entry once it is booked.

Where its page has room for both, no index needs to know of the second.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0020_value_days_with_income")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE portfolio_fileimportrow SET (fillfactor = 50)",
            "ALTER TABLE portfolio_fileimportrow RESET (fillfactor)",
        )
    ]
