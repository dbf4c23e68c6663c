"""What keeps the ledger right whoever writes to it: see docs/ledger.md."""

from django.db import migrations

# The transaction that wrote an entry. The top-level one, also inside a savepoint, unlike xmin.
ADD_TRANSACTION = """
ALTER TABLE portfolio_journalentry
    ADD COLUMN recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
"""
REMOVE_TRANSACTION = "ALTER TABLE portfolio_journalentry DROP COLUMN recorded_xid"

# One check per entry, when the transaction commits and all its postings are there.
CHECK_BALANCE = """
CREATE FUNCTION ledger_check_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
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
    IF coalesce(postings, 0) < 2 THEN
        RAISE EXCEPTION 'entry % has % postings, must have two or more',
            NEW.id, coalesce(postings, 0)
            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_entry_balances';
    ELSIF is_unbalanced THEN
        RAISE EXCEPTION 'the postings of entry % do not sum to zero in each commodity', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_entry_balances';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER journal_entry_balances
    AFTER INSERT ON portfolio_journalentry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ledger_check_entry_balances();
"""
UNCHECK_BALANCE = """
DROP TRIGGER journal_entry_balances ON portfolio_journalentry;
DROP FUNCTION ledger_check_entry_balances();
"""

# One check per statement. It stands in for two foreign keys and says more than they could.
CHECK_POSTINGS = """
CREATE FUNCTION ledger_check_new_postings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    refused uuid;
BEGIN
    SELECT posting.entry_id INTO refused
    FROM new_postings AS posting
    -- Look-ups by key, as above: these tables grow, and a plan is kept for a session.
    LEFT JOIN LATERAL (
        SELECT portfolio_id FROM portfolio_journalentry
        WHERE id = posting.entry_id AND recorded_xid = pg_current_xact_id() OFFSET 0
    ) AS entry ON true
    LEFT JOIN LATERAL (
        SELECT portfolio_id FROM portfolio_ledgeraccount
        WHERE id = posting.ledger_account_id OFFSET 0
    ) AS account ON true
    WHERE account.portfolio_id = entry.portfolio_id IS NOT TRUE
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % was not made in this transaction,'
            ' or the ledger account is of another portfolio', refused
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'posting_belongs_to_new_entry';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER posting_belongs_to_new_entry
    AFTER INSERT ON portfolio_posting REFERENCING NEW TABLE AS new_postings
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_new_postings();
"""
UNCHECK_POSTINGS = """
DROP TRIGGER posting_belongs_to_new_entry ON portfolio_posting;
DROP FUNCTION ledger_check_new_postings();
"""

APPEND_ONLY_TABLES = ("portfolio_journalentry", "portfolio_posting", "portfolio_ledgeraccount")

# Per statement, so that even a change of no rows is told that it is none.
REFUSE_CHANGE = """
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only, % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END $$;
""" + "".join(
    f"""
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
"""
    for table in APPEND_ONLY_TABLES
)
ALLOW_CHANGE = (
    "".join(f"DROP TRIGGER {table}_append_only ON {table};\n" for table in APPEND_ONLY_TABLES)
    + "DROP FUNCTION ledger_refuse_change();"
)

# Foreign keys that point at an entry lock it FOR KEY SHARE in its owner's name, which asks for
# UPDATE on some column: the note it is, and the trigger refuses that one as well.
REVOKE_PRIVILEGES = f"""
REVOKE UPDATE, DELETE, TRUNCATE ON {", ".join(APPEND_ONLY_TABLES)} FROM PUBLIC, CURRENT_USER;
GRANT UPDATE (note) ON portfolio_journalentry TO CURRENT_USER;
"""
RESTORE_PRIVILEGES = f"""
REVOKE UPDATE (note) ON portfolio_journalentry FROM CURRENT_USER;
GRANT UPDATE, DELETE, TRUNCATE ON {", ".join(APPEND_ONLY_TABLES)} TO CURRENT_USER;
"""


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0001_books")]

    operations = [
        migrations.RunSQL(ADD_TRANSACTION, REMOVE_TRANSACTION),
        migrations.RunSQL(CHECK_BALANCE, UNCHECK_BALANCE),
        migrations.RunSQL(CHECK_POSTINGS, UNCHECK_POSTINGS),
        migrations.RunSQL(REFUSE_CHANGE, ALLOW_CHANGE),
        migrations.RunSQL(REVOKE_PRIVILEGES, RESTORE_PRIVILEGES),
    ]
