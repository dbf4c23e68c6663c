"""That an alert fired remembers its transaction, so that streams resume; no column of the model."""

from django.db import migrations

REMEMBER = """
ALTER TABLE market_alerttrigger
    ADD COLUMN recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX alert_trigger_by_xid ON market_alerttrigger (recorded_xid);
"""
FORGET = "ALTER TABLE market_alerttrigger DROP COLUMN recorded_xid"


class Migration(migrations.Migration):
    dependencies = (("market", "0015_remember_when_actions_were_asked"),)
    operations = (migrations.RunSQL(REMEMBER, FORGET),)
