"""What becomes of a closing remembers its transaction, so that streams resume.

It is no column of the model: the database alone writes it, at the wish and at each change.
"""

from django.db import migrations

REMEMBER = """
ALTER TABLE trading_positionclosing
    ADD COLUMN changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX position_closing_by_xid ON trading_positionclosing (changed_xid);
CREATE FUNCTION trading_remember_change_of_closing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER position_closing_changes BEFORE UPDATE ON trading_positionclosing
    FOR EACH ROW EXECUTE FUNCTION trading_remember_change_of_closing();
"""
FORGET = """
DROP TRIGGER position_closing_changes ON trading_positionclosing;
DROP FUNCTION trading_remember_change_of_closing();
ALTER TABLE trading_positionclosing DROP COLUMN changed_xid;
"""


class Migration(migrations.Migration):
    dependencies = (("trading", "0020_close_positions_after_their_orders"),)
    operations = (migrations.RunSQL(REMEMBER, FORGET),)
