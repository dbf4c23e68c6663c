"""Postings are checked once a statement, all together: see docs/ledger.md.

A look at each entry by itself, at commit, took two thirds of what the database does to book one.
Since postings are never changed and each statement balances, every entry does.
"""

from importlib import import_module
from typing import Final

from django.db import migrations

guards: Final = import_module("portfolio.migrations.0002_ledger_guards")
without_postings: Final = import_module("portfolio.migrations.0007_entries_without_postings")

CHECK_POSTINGS = """
CREATE OR REPLACE FUNCTION ledger_check_new_postings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    refused record;
BEGIN
    SELECT told.entry_id, told.portfolio_id = entry.portfolio_id IS TRUE AS belongs INTO refused
    FROM (
        SELECT posting.entry_id, account.portfolio_id, sum(posting.amount) AS total
        FROM new_postings AS posting
        -- Look-ups by key: these tables grow, and a plan is kept for a session.
        LEFT JOIN LATERAL (
            SELECT portfolio_id, currency, instrument_id FROM portfolio_ledgeraccount
            WHERE id = posting.ledger_account_id OFFSET 0
        ) AS account ON true
        GROUP BY posting.entry_id, account.portfolio_id, account.currency, account.instrument_id
    ) AS told
    LEFT JOIN LATERAL (
        SELECT portfolio_id FROM portfolio_journalentry
        WHERE id = told.entry_id AND recorded_xid = pg_current_xact_id() OFFSET 0
    ) AS entry ON true
    WHERE told.total <> 0 OR told.portfolio_id = entry.portfolio_id IS NOT TRUE
    ORDER BY belongs
    LIMIT 1;
    IF FOUND AND NOT refused.belongs THEN
        RAISE EXCEPTION 'entry % was not made in this transaction,'
            ' or the ledger account is of another portfolio', refused.entry_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'posting_belongs_to_new_entry';
    ELSIF FOUND THEN
        RAISE EXCEPTION 'the postings of entry % do not sum to zero in each commodity',
            refused.entry_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_entry_balances';
    END IF;
    RETURN NULL;
END $$;
"""
CHECK_POSTINGS_BELONG = guards.CHECK_POSTINGS[
    : guards.CHECK_POSTINGS.index("CREATE TRIGGER")
].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")

# At commit, when they are there. A split posts nothing by itself.
CHECK_ENTRY = """
DROP TRIGGER journal_entry_balances ON portfolio_journalentry;
DROP FUNCTION ledger_check_entry_balances();
CREATE FUNCTION ledger_check_entry_has_postings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Counted, for EXISTS on a table that is still empty may be planned as a walk through it, and
    -- that plan is kept for a session.
    IF (SELECT count(*) FROM portfolio_posting WHERE entry_id = NEW.id) = 0 THEN
        RAISE EXCEPTION 'entry % has no postings', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_entry_has_postings';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER journal_entry_has_postings
    AFTER INSERT ON portfolio_journalentry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.ratio_to IS NULL)
    EXECUTE FUNCTION ledger_check_entry_has_postings();
"""
CHECK_ENTRY_BALANCES = f"""
DROP TRIGGER journal_entry_has_postings ON portfolio_journalentry;
DROP FUNCTION ledger_check_entry_has_postings();
{guards.CHECK_BALANCE}
{without_postings.CHECK.format(exception=without_postings.WITHOUT_POSTINGS)}
"""


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0017_seals_know_their_layout")]

    operations = [
        migrations.RunSQL(CHECK_POSTINGS, CHECK_POSTINGS_BELONG),
        migrations.RunSQL(CHECK_ENTRY, CHECK_ENTRY_BALANCES),
    ]
