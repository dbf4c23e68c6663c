"""Balances have what their postings say has accrued: see docs/ledger.md.

That is nothing where nothing has accrued yet. Where 0022 was taken back and applied again, the
column began at zero beside postings that stayed.
"""

from django.db import migrations

FILL = """
UPDATE portfolio_ledgerbalance AS balance SET accrued = told.amount, version = version + 1
FROM (
    SELECT account.portfolio_id, account.currency, sum(posting.amount) AS amount
    FROM portfolio_ledgeraccount AS account
    JOIN portfolio_posting AS posting ON posting.ledger_account_id = account.id
    WHERE account.kind = 'accrued'
    GROUP BY account.portfolio_id, account.currency
) AS told
WHERE balance.portfolio_id = told.portfolio_id AND balance.currency = told.currency
    AND balance.instrument_id IS NULL AND balance.accrued <> told.amount
"""


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0023_probe_what_has_accrued")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
