"""A split posts nothing by itself, nor does what reverses it: see docs/activities.md."""

from django.db import migrations

CHECK = """
CREATE OR REPLACE FUNCTION ledger_check_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    postings bigint;
    is_unbalanced boolean;
BEGIN
    SELECT sum(commodity.postings), bool_or(commodity.total <> 0) INTO postings, is_unbalanced
    FROM (
        SELECT count(*) AS postings, sum(posting.amount) AS total
        FROM portfolio_posting AS posting
        -- OFFSET keeps the plan a look-up per posting, also before the tables are analysed.
        CROSS JOIN LATERAL (
            SELECT currency, instrument_id FROM portfolio_ledgeraccount
            WHERE id = posting.ledger_account_id OFFSET 0
        ) AS account
        WHERE posting.entry_id = NEW.id
        GROUP BY account.currency, account.instrument_id
    ) AS commodity;
    {exception}IF coalesce(postings, 0) < 2 THEN
        RAISE EXCEPTION 'entry % has % postings, must have two or more',
            NEW.id, coalesce(postings, 0)
            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_entry_balances';
    ELSIF is_unbalanced THEN
        RAISE EXCEPTION 'the postings of entry % do not sum to zero in each commodity', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_entry_balances';
    END IF;
    RETURN NULL;
END $$;
"""
WITHOUT_POSTINGS = """IF postings IS NULL AND NEW.ratio_to IS NOT NULL THEN
        RETURN NULL;
    END IF;
    """
UNBALANCED_ENTRIES = """
CREATE OR REPLACE VIEW probe_unbalanced_entries AS
SELECT entry.portfolio_id, format('entry %s, commodity %s: sum %s over %s postings', entry.id,
        coalesce(nullif(account.currency, ''), account.instrument_id::text, 'none'),
        coalesce(sum(posting.amount), 0), count(posting.id)) AS detail
FROM portfolio_journalentry AS entry
LEFT JOIN portfolio_posting AS posting ON posting.entry_id = entry.id
LEFT JOIN portfolio_ledgeraccount AS account ON account.id = posting.ledger_account_id
GROUP BY entry.id, account.currency, account.instrument_id
HAVING coalesce(sum(posting.amount), 0) <> 0 OR (count(posting.id) < 2{exception})
"""
LOT_DRIFT = """
CREATE OR REPLACE VIEW probe_lot_drift AS
SELECT lot.portfolio_id, format('lot %s: %s of %s remain after closures of %s', lot.id,
        lot.remaining_quantity, lot.quantity, coalesce(sum(closure.quantity), 0)) AS detail
FROM portfolio_lot AS lot
LEFT JOIN portfolio_lotclosure AS closure ON closure.lot_id = lot.id
GROUP BY lot.id
HAVING lot.quantity{added} - coalesce(sum(closure.quantity), 0) <> lot.remaining_quantity
    OR lot.cost - coalesce(sum(closure.cost), 0) <> lot.remaining_cost
"""


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0006_kinds_currencies_and_moves")]

    operations = [
        migrations.RunSQL(CHECK.format(exception=WITHOUT_POSTINGS), CHECK.format(exception="")),
        migrations.RunSQL(
            UNBALANCED_ENTRIES.format(exception=" AND entry.ratio_to IS NULL"),
            UNBALANCED_ENTRIES.format(exception=""),
        ),
        migrations.RunSQL(
            LOT_DRIFT.format(added=" + lot.added_quantity"), LOT_DRIFT.format(added="")
        ),
    ]
