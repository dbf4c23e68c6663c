"""The probe of balances compares what has accrued as well: see docs/ledger.md."""

from django.db import migrations

VIEW = """
CREATE OR REPLACE VIEW probe_balance_drift AS
WITH derived AS (
    SELECT account.portfolio_id, account.currency, account.instrument_id,
        {derived}
    FROM portfolio_posting AS posting
    JOIN portfolio_ledgeraccount AS account ON account.id = posting.ledger_account_id
    WHERE account.kind IN ({kinds})
    GROUP BY account.portfolio_id, account.currency, account.instrument_id
)
SELECT coalesce(balance.portfolio_id, derived.portfolio_id) AS portfolio_id,
    format('commodity %s: stored {places}; postings say {places}',
        coalesce(nullif(coalesce(balance.currency, derived.currency), ''),
            coalesce(balance.instrument_id, derived.instrument_id)::text),
        {stored_columns},
        {derived_columns}) AS detail
FROM portfolio_ledgerbalance AS balance
FULL JOIN derived ON derived.portfolio_id = balance.portfolio_id
    AND derived.currency = balance.currency
    AND coalesce(derived.instrument_id, 0) = coalesce(balance.instrument_id, 0)
WHERE {is_other}
"""


def view_of(*columns: str) -> str:
    """The view, of asset accounts that are named as their columns are."""
    derived = (
        f"coalesce(sum(posting.amount) FILTER (WHERE account.kind = '{one}'), 0) AS {one}"
        for one in columns
    )
    is_other = (f"coalesce(balance.{one}, 0) <> coalesce(derived.{one}, 0)" for one in columns)
    return VIEW.format(
        derived=",\n        ".join(derived),
        kinds=", ".join(f"'{one}'" for one in columns),
        places=", ".join("%s" for _ in columns),
        stored_columns=", ".join(f"balance.{one}" for one in columns),
        derived_columns=", ".join(f"derived.{one}" for one in columns),
        is_other="\n    OR ".join(is_other),
    )


BEFORE = ("settled", "to_receive", "to_deliver")


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0022_dividends_accrue")]

    operations = [migrations.RunSQL(view_of(*BEFORE, "accrued"), view_of(*BEFORE))]
