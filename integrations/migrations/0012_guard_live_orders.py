"""What keeps paper from brokers whoever writes to the tables: see docs/live-orders.md."""

from typing import Final

from django.db import migrations

ONLY_TRACKED: Final = """
CREATE FUNCTION integrations_connect_only_tracked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM portfolio_portfolio WHERE id = NEW.portfolio_id AND kind = 'tracked'
    ) THEN
        RAISE EXCEPTION 'portfolio % is no tracked portfolio, so no broker is connected to it',
            NEW.portfolio_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'connection_to_tracked_portfolio';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER connection_to_tracked_portfolio
    BEFORE INSERT OR UPDATE OF portfolio_id ON integrations_connection
    FOR EACH ROW EXECUTE FUNCTION integrations_connect_only_tracked();

CREATE FUNCTION integrations_keep_connected_tracked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM integrations_connection WHERE portfolio_id = NEW.id)
        OR EXISTS (SELECT FROM integrations_liveorder WHERE portfolio_id = NEW.id)
    THEN
        RAISE EXCEPTION 'portfolio % is connected to a broker, so it stays a tracked one', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'connected_portfolio_stays_tracked';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER connected_portfolio_stays_tracked
    BEFORE UPDATE OF kind ON portfolio_portfolio
    FOR EACH ROW WHEN (NEW.kind <> 'tracked')
    EXECUTE FUNCTION integrations_keep_connected_tracked();
"""
ANY_PORTFOLIO: Final = """
DROP TRIGGER connected_portfolio_stays_tracked ON portfolio_portfolio;
DROP FUNCTION integrations_keep_connected_tracked();
DROP TRIGGER connection_to_tracked_portfolio ON integrations_connection;
DROP FUNCTION integrations_connect_only_tracked();
"""
# The lock on the arming makes an order that is being recorded, or sent, and a disarming meet.
THROUGH_ARMED: Final = """
CREATE FUNCTION integrations_refuse_unarmed_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM integrations_arming AS arming
    JOIN integrations_connection AS connection ON connection.id = arming.connection_id
    JOIN portfolio_portfolio AS portfolio ON portfolio.id = connection.portfolio_id
    WHERE arming.id = NEW.arming_id AND arming.disarmed_at IS NULL
        AND connection.id = NEW.connection_id AND connection.disabled_at IS NULL
        AND portfolio.id = NEW.portfolio_id AND portfolio.kind = 'tracked'
        AND portfolio.archived_at IS NULL
    FOR SHARE OF arming;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'live order % leaves through no armed connection of its portfolio', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'live_order_through_armed_connection';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER live_order_recorded_armed
    BEFORE INSERT ON integrations_liveorder
    FOR EACH ROW EXECUTE FUNCTION integrations_refuse_unarmed_order();
CREATE TRIGGER live_order_sent_armed
    BEFORE UPDATE OF status ON integrations_liveorder
    FOR EACH ROW WHEN (NEW.status = 'sending' AND OLD.status <> 'sending')
    EXECUTE FUNCTION integrations_refuse_unarmed_order();
"""
THROUGH_ANY: Final = """
DROP TRIGGER live_order_sent_armed ON integrations_liveorder;
DROP TRIGGER live_order_recorded_armed ON integrations_liveorder;
DROP FUNCTION integrations_refuse_unarmed_order();
"""
TERMS_STAY: Final = """
CREATE FUNCTION integrations_keep_live_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.portfolio_id, NEW.broker, NEW.instrument_id, NEW.broker_symbol,
        NEW.client_order_id, NEW.side, NEW.type, NEW.time_in_force, NEW.quantity, NEW.notional,
        NEW.limit_price, NEW.stop_price, NEW.trail_amount, NEW.trail_pct, NEW.value,
        NEW.value_currency, NEW.placed_at)
        IS DISTINCT FROM
       (OLD.id, OLD.portfolio_id, OLD.broker, OLD.instrument_id, OLD.broker_symbol,
        OLD.client_order_id, OLD.side, OLD.type, OLD.time_in_force, OLD.quantity, OLD.notional,
        OLD.limit_price, OLD.stop_price, OLD.trail_amount, OLD.trail_pct, OLD.value,
        OLD.value_currency, OLD.placed_at)
        OR coalesce(NEW.connection_id <> OLD.connection_id, OLD.connection_id IS NULL
            AND NEW.connection_id IS NOT NULL)
        OR coalesce(NEW.arming_id <> OLD.arming_id, OLD.arming_id IS NULL
            AND NEW.arming_id IS NOT NULL)
    THEN
        RAISE EXCEPTION 'the terms of live order % never change', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'live_order_terms_stay';
    ELSIF NEW.status <> OLD.status
        AND OLD.status IN ('filled', 'canceled', 'expired', 'rejected', 'unfollowed')
    THEN
        RAISE EXCEPTION 'live order % is %, which is final', OLD.id, OLD.status
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'live_order_ended_once';
    ELSIF NEW.status = 'sending' AND OLD.status NOT IN ('recorded', 'sending') THEN
        RAISE EXCEPTION 'live order % was sent before, and is not sent twice', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'live_order_sent_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER live_order_terms_stay
    BEFORE UPDATE ON integrations_liveorder
    FOR EACH ROW EXECUTE FUNCTION integrations_keep_live_terms();
CREATE TRIGGER integrations_liveorder_stays
    BEFORE DELETE OR TRUNCATE ON integrations_liveorder
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER integrations_liveorderevent_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON integrations_liveorderevent
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
REVOKE DELETE, TRUNCATE ON integrations_liveorder FROM PUBLIC, CURRENT_USER;
REVOKE UPDATE, DELETE, TRUNCATE ON integrations_liveorderevent FROM PUBLIC, CURRENT_USER;
"""
TERMS_CHANGE: Final = """
GRANT UPDATE, DELETE, TRUNCATE ON integrations_liveorderevent TO CURRENT_USER;
GRANT DELETE, TRUNCATE ON integrations_liveorder TO CURRENT_USER;
DROP TRIGGER integrations_liveorderevent_append_only ON integrations_liveorderevent;
DROP TRIGGER integrations_liveorder_stays ON integrations_liveorder;
DROP TRIGGER live_order_terms_stay ON integrations_liveorder;
DROP FUNCTION integrations_keep_live_terms();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0011_arm_connections_for_live_orders"),
        ("portfolio", "0012_portfolios_begin_anew"),
    ]

    operations = [
        migrations.RunSQL(ONLY_TRACKED, ANY_PORTFOLIO),
        migrations.RunSQL(THROUGH_ARMED, THROUGH_ANY),
        migrations.RunSQL(TERMS_STAY, TERMS_CHANGE),
    ]
