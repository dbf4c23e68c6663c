"""Which order one replaces is among its terms, and having been replaced is an end."""

from typing import Final

from django.db import migrations

KEEP_TERMS: Final = """
CREATE OR REPLACE FUNCTION integrations_keep_live_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.portfolio_id, NEW.broker, NEW.instrument_id, NEW.broker_symbol,
        NEW.client_order_id, NEW.side, NEW.type, NEW.time_in_force, NEW.quantity, NEW.notional,
        NEW.limit_price, NEW.stop_price, NEW.trail_amount, NEW.trail_pct, NEW.value,
        NEW.value_currency, NEW.placed_at{new_term})
        IS DISTINCT FROM
       (OLD.id, OLD.portfolio_id, OLD.broker, OLD.instrument_id, OLD.broker_symbol,
        OLD.client_order_id, OLD.side, OLD.type, OLD.time_in_force, OLD.quantity, OLD.notional,
        OLD.limit_price, OLD.stop_price, OLD.trail_amount, OLD.trail_pct, OLD.value,
        OLD.value_currency, OLD.placed_at{old_term})
        OR coalesce(NEW.connection_id <> OLD.connection_id, OLD.connection_id IS NULL
            AND NEW.connection_id IS NOT NULL)
        OR coalesce(NEW.arming_id <> OLD.arming_id, OLD.arming_id IS NULL
            AND NEW.arming_id IS NOT NULL)
    THEN
        RAISE EXCEPTION 'the terms of live order % never change', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'live_order_terms_stay';
    ELSIF NEW.status <> OLD.status
        AND OLD.status IN ('filled', 'canceled', 'expired', 'rejected', 'unfollowed'{end})
    THEN
        RAISE EXCEPTION 'live order % is %, which is final', OLD.id, OLD.status
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'live_order_ended_once';
    ELSIF NEW.status = 'sending' AND OLD.status NOT IN ('recorded', 'sending') THEN
        RAISE EXCEPTION 'live order % was sent before, and is not sent twice', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'live_order_sent_once';
    END IF;
    RETURN NEW;
END $$;
"""
WITH_REPLACED: Final = KEEP_TERMS.format(
    new_term=", NEW.replaces_id", old_term=", OLD.replaces_id", end=", 'replaced'"
)
WITHOUT: Final = KEEP_TERMS.format(new_term="", old_term="", end="")


class Migration(migrations.Migration):
    dependencies = [("integrations", "0015_replace_live_orders")]

    operations = [migrations.RunSQL(WITH_REPLACED, WITHOUT)]
