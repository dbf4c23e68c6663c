"""Changes of orders remember their transaction, so that streams of portfolios can be resumed."""

from django.db import migrations

# As entries of the journal do, see portfolio.migrations.0002_ledger_guards.
REMEMBER = """
ALTER TABLE trading_orderevent
    ADD COLUMN recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX order_event_by_xid ON trading_orderevent (recorded_xid);
"""
FORGET = "ALTER TABLE trading_orderevent DROP COLUMN recorded_xid"


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0007_stop_order_entry"),
        ("portfolio", "0005_seal_journal"),
    ]

    operations = [migrations.RunSQL(REMEMBER, FORGET)]
