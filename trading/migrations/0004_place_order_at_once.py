"""Placing an order and keeping its answer in one statement, which is a transaction of its own.

Like the functions of 0002 they hold no rules. What a request may see is said here as in
trading.placing.admission, and how an answer is kept as in accounts.idempotency.
"""

from django.db import migrations

# No row, or several, where the owner or the symbol needs a closer look.
ADMISSION = """
CREATE FUNCTION trading_order_admission(
    p_owner uuid, p_portfolio uuid, p_symbol text, p_mic text, p_client_order_id text
) RETURNS TABLE (
    instrument_id integer,
    may_trade boolean, owner_tier text, open_orders bigint,
    symbol text, currency text, tick_size numeric, lot_size numeric, is_active boolean, mic text,
    cash_balance_id bigint, cash_available numeric,
    units_balance_id bigint, units_available numeric,
    earlier_order_id uuid
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT instrument.id::integer, facts.*
    FROM portfolio_portfolio AS portfolio
    JOIN market_instrument AS instrument ON instrument.symbol = p_symbol
        AND instrument.is_active AND (p_mic = '' OR instrument.exchange_id = p_mic)
    CROSS JOIN LATERAL trading_order_facts(
        portfolio.id, instrument.id::integer, p_client_order_id
    ) AS facts
    WHERE portfolio.id = p_portfolio AND portfolio.owner_id = p_owner
        AND portfolio.archived_at IS NULL;
END $$;
"""

# Says what trading_record_order says; also 'running' (another request has the key's lock) and
# 'answered' (the key has an answer). Unless it says 'placed' nothing has changed.
RECORD_ANSWERED = """
CREATE FUNCTION trading_record_answered_order(
    p_order uuid, p_portfolio uuid, p_instrument integer, p_client_order_id text,
    p_side text, p_type text, p_time_in_force text,
    p_quantity numeric, p_notional numeric, p_limit_price numeric, p_worst_price numeric,
    p_commission_schedule text, p_extended_hours boolean,
    p_submitted_at timestamptz, p_expires_at timestamptz, p_actor uuid,
    p_hold uuid, p_balance bigint, p_reserve numeric,
    p_lock bigint, p_owner uuid, p_key text, p_method text, p_path text, p_body_hash bytea,
    p_status integer, p_content_type text, p_body bytea, p_answered_at timestamptz,
    p_expired_at timestamptz
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    outcome text;
BEGIN
    IF NOT pg_try_advisory_xact_lock(p_lock) THEN
        RETURN 'running';
    END IF;
    PERFORM FROM accounts_idempotentanswer
    WHERE owner_id = p_owner AND key = p_key AND created_at > p_expired_at;
    IF FOUND THEN
        RETURN 'answered';
    END IF;
    outcome := trading_record_order(
        p_order, p_portfolio, p_instrument, p_client_order_id, p_side, p_type, p_time_in_force,
        p_quantity, p_notional, p_limit_price, p_worst_price, p_commission_schedule,
        p_extended_hours, p_submitted_at, p_expires_at, p_actor, p_hold, p_balance, p_reserve
    );
    IF outcome = 'placed' THEN
        -- Only an expired answer can be in the way: whoever writes one holds the lock.
        INSERT INTO accounts_idempotentanswer
            (owner_id, key, method, path, body_hash, status, content_type, body, created_at)
        VALUES (p_owner, p_key, p_method, p_path, p_body_hash, p_status, p_content_type, p_body,
            p_answered_at)
        ON CONFLICT (owner_id, key) DO UPDATE
        SET method = EXCLUDED.method, path = EXCLUDED.path, body_hash = EXCLUDED.body_hash,
            status = EXCLUDED.status, content_type = EXCLUDED.content_type,
            body = EXCLUDED.body, created_at = EXCLUDED.created_at;
    END IF;
    RETURN outcome;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_users_and_keys"),
        ("market", "__first__"),
        ("trading", "0003_order_probes"),
    ]

    operations = [
        migrations.RunSQL(ADMISSION, "DROP FUNCTION trading_order_admission"),
        migrations.RunSQL(RECORD_ANSWERED, "DROP FUNCTION trading_record_answered_order"),
    ]
