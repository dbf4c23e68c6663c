"""Placing an order in two calls, and what has happened staying as it was.

The functions hold no rules: which order is right is decided by trading.pretrade. They exist
because PostgreSQL keeps the plans of their statements, which it would make anew for each request.
"""

from django.db import migrations

WORKING = "('pending_new', 'new', 'partially_filled', 'pending_cancel')"

# All that the checks need to know, read at once.
FACTS = f"""
CREATE FUNCTION trading_order_facts(
    p_portfolio uuid, p_instrument integer, p_client_order_id text
) RETURNS TABLE (
    may_trade boolean, owner_tier text, open_orders bigint,
    symbol text, currency text, tick_size numeric, lot_size numeric, is_active boolean, mic text,
    cash_balance_id bigint, cash_available numeric,
    units_balance_id bigint, units_available numeric,
    earlier_order_id uuid
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT portfolio.kind = 'paper' AND portfolio.archived_at IS NULL,
        owner.tier::text,
        (
            SELECT count(*) FROM portfolio_portfolio AS own
            JOIN trading_order AS working ON working.portfolio_id = own.id
            WHERE own.owner_id = portfolio.owner_id AND working.status IN {WORKING}
        ),
        instrument.symbol::text, instrument.currency::text, instrument.tick_size,
        instrument.lot_size, instrument.is_active, instrument.exchange_id::text,
        cash.id, coalesce(cash.settled + cash.to_receive + cash.to_deliver - cash.held, 0),
        units.id, coalesce(units.settled + units.to_receive + units.to_deliver - units.held, 0),
        (
            SELECT earlier.id FROM trading_order AS earlier
            WHERE earlier.portfolio_id = p_portfolio
                AND earlier.client_order_id = p_client_order_id
        )
    FROM portfolio_portfolio AS portfolio
    JOIN accounts_user AS owner ON owner.id = portfolio.owner_id
    LEFT JOIN market_instrument AS instrument ON instrument.id = p_instrument
    LEFT JOIN portfolio_ledgerbalance AS cash ON cash.portfolio_id = portfolio.id
        AND cash.currency = instrument.currency AND cash.instrument_id IS NULL
    LEFT JOIN portfolio_ledgerbalance AS units ON units.portfolio_id = portfolio.id
        AND units.currency = '' AND units.instrument_id = instrument.id
    WHERE portfolio.id = p_portfolio;
END $$;
"""

# Says 'placed', 'short' (too little is available) or 'repeated' (the client's id is taken); in
# the last two cases nothing has changed. The balance is locked first, so two orders that race
# for the last cash are decided here.
RECORD = """
CREATE FUNCTION trading_record_order(
    p_order uuid, p_portfolio uuid, p_instrument integer, p_client_order_id text,
    p_side text, p_type text, p_time_in_force text,
    p_quantity numeric, p_notional numeric, p_limit_price numeric, p_worst_price numeric,
    p_commission_schedule text, p_extended_hours boolean,
    p_submitted_at timestamptz, p_expires_at timestamptz, p_actor uuid,
    p_hold uuid, p_balance bigint, p_reserve numeric
) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    UPDATE portfolio_ledgerbalance SET held = held + p_reserve, version = version + 1
    WHERE id = p_balance AND settled + to_receive + to_deliver - held >= p_reserve;
    IF NOT FOUND THEN
        RETURN 'short';
    END IF;
    INSERT INTO trading_order (
        id, portfolio_id, instrument_id, client_order_id, side, type, time_in_force, status,
        quantity, notional, limit_price, worst_price, commission_schedule, filled_quantity,
        filled_amount, extended_hours, submitted_at, updated_at, expires_at, status_reason
    ) VALUES (
        p_order, p_portfolio, p_instrument, p_client_order_id, p_side, p_type, p_time_in_force,
        'pending_new', p_quantity, p_notional, p_limit_price, p_worst_price,
        p_commission_schedule, 0, 0, p_extended_hours, p_submitted_at, p_submitted_at,
        p_expires_at, ''
    ) ON CONFLICT (portfolio_id, client_order_id) DO NOTHING;
    IF NOT FOUND THEN
        UPDATE portfolio_ledgerbalance SET held = held - p_reserve, version = version - 1
        WHERE id = p_balance;
        RETURN 'repeated';
    END IF;
    INSERT INTO portfolio_hold (id, balance_id, reference, amount, remaining, placed_at)
    VALUES (p_hold, p_balance, p_order, p_reserve, p_reserve, p_submitted_at);
    INSERT INTO trading_orderevent (order_id, kind, status, occurred_at, actor_id, details)
    VALUES (p_order, 'placed', 'pending_new', p_submitted_at, p_actor, '{}');
    INSERT INTO trading_ordercommand (kind, order_id, instrument_id, actor_id, created_at)
    VALUES ('place', p_order, p_instrument, p_actor, p_submitted_at);
    RETURN 'placed';
END $$;
"""

APPEND_ONLY_TABLES = ("trading_fill", "trading_orderevent")
REFUSE_CHANGE = "".join(
    f"""
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
"""
    for table in APPEND_ONLY_TABLES
)
ALLOW_CHANGE = "".join(
    f"DROP TRIGGER {table}_append_only ON {table};\n" for table in APPEND_ONLY_TABLES
)


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0001_orders_fills_settlements"),
        ("portfolio", "0002_ledger_guards"),
    ]

    operations = [
        migrations.RunSQL(FACTS, "DROP FUNCTION trading_order_facts"),
        migrations.RunSQL(RECORD, "DROP FUNCTION trading_record_order"),
        migrations.RunSQL(REFUSE_CHANGE, ALLOW_CHANGE),
    ]
