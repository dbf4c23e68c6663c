"""Steps of live orders remember their transaction, so that streams of portfolios tell of them.

It is no column of the model: the database alone writes it. A step may be written by a transaction
that had begun to write before the one of the step before it, for which it waited; it is then told
as of that one, so that the steps of an order are told in their order. Nobody misses it: who has
read that far for good has waited until the earlier transaction had ended, too.
"""

from django.db import migrations

REMEMBER = """
ALTER TABLE integrations_liveorderevent
    ADD COLUMN recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX live_order_event_by_xid ON integrations_liveorderevent (recorded_xid);
CREATE FUNCTION integrations_order_live_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.recorded_xid := greatest(NEW.recorded_xid, (
        SELECT recorded_xid FROM integrations_liveorderevent
        WHERE order_id = NEW.order_id ORDER BY id DESC LIMIT 1
    ));
    RETURN NEW;
END $$;
CREATE TRIGGER live_order_events_in_order BEFORE INSERT ON integrations_liveorderevent
    FOR EACH ROW EXECUTE FUNCTION integrations_order_live_events();
"""
FORGET = """
DROP TRIGGER live_order_events_in_order ON integrations_liveorderevent;
DROP FUNCTION integrations_order_live_events();
ALTER TABLE integrations_liveorderevent DROP COLUMN recorded_xid;
"""


class Migration(migrations.Migration):
    dependencies = (("integrations", "0019_legs_of_one_broker_event"),)
    operations = (migrations.RunSQL(REMEMBER, FORGET),)
