"""Views that are empty as long as orders, fills and the books agree: see docs/matching.md."""

from django.db import migrations

# What each fill bought or sold, and paid, is what its entry posted.
FILLS_AS_POSTED = """
CREATE VIEW probe_fills_not_as_posted AS
WITH posted AS (
    SELECT fill.id,
        coalesce(sum(posting.amount) FILTER (WHERE account.instrument_id = fill.instrument_id), 0)
            AS units,
        coalesce(sum(posting.amount) FILTER (WHERE account.currency <> ''), 0) AS cash
    FROM trading_fill AS fill
    LEFT JOIN portfolio_posting AS posting ON posting.entry_id = fill.entry_id
    LEFT JOIN portfolio_ledgeraccount AS account ON account.id = posting.ledger_account_id
        AND account.kind IN ('settled', 'to_receive', 'to_deliver')
    GROUP BY fill.id
)
SELECT fill.portfolio_id, format('fill %s: %s %s at %s plus %s; posted %s units and %s cash',
        fill.id, fill.side, fill.quantity, fill.price, fill.commission, posted.units,
        posted.cash) AS detail
FROM trading_fill AS fill JOIN posted ON posted.id = fill.id
WHERE posted.units <> CASE fill.side WHEN 'buy' THEN fill.quantity ELSE -fill.quantity END
    OR posted.cash <> CASE fill.side
        WHEN 'buy' THEN -fill.price * fill.quantity - fill.commission
        ELSE fill.price * fill.quantity - fill.commission END
"""

CROSSES_BALANCE = """
CREATE VIEW probe_crosses_unequal AS
SELECT min(fill.portfolio_id::text)::uuid AS portfolio_id, format(
        'match %s: bought %s, sold %s', fill.match_id,
        coalesce(sum(fill.quantity) FILTER (WHERE fill.side = 'buy'), 0),
        coalesce(sum(fill.quantity) FILTER (WHERE fill.side = 'sell'), 0)) AS detail
FROM trading_fill AS fill WHERE fill.counterparty = 'user'
GROUP BY fill.match_id
HAVING coalesce(sum(fill.quantity) FILTER (WHERE fill.side = 'buy'), 0)
        <> coalesce(sum(fill.quantity) FILTER (WHERE fill.side = 'sell'), 0)
    OR count(*) <> 2 OR min(fill.price) <> max(fill.price)
"""

ORDERS_AS_FILLED = """
CREATE VIEW probe_orders_not_as_filled AS
SELECT orders.portfolio_id, format('order %s (%s): filled %s for %s, fills say %s for %s',
        orders.id, orders.status, orders.filled_quantity, orders.filled_amount,
        coalesce(fills.quantity, 0), coalesce(fills.amount, 0)) AS detail
FROM trading_order AS orders
LEFT JOIN (
    SELECT order_id, sum(quantity) AS quantity, sum(quantity * price) AS amount
    FROM trading_fill GROUP BY order_id
) AS fills ON fills.order_id = orders.id
WHERE orders.filled_quantity <> coalesce(fills.quantity, 0)
    OR orders.filled_amount <> coalesce(fills.amount, 0)
    OR (orders.status = 'filled') <> (orders.filled_quantity = orders.quantity)
"""

# A working order has a hold that is open, a finished one has not. What a sale still holds is
# exactly what it can still sell.
ORDERS_HELD = """
CREATE VIEW probe_orders_without_hold AS
SELECT orders.portfolio_id, format('order %s (%s, %s of %s filled): hold of %s, released %s',
        orders.id, orders.status, orders.filled_quantity, orders.quantity, hold.remaining,
        hold.released_at) AS detail
FROM trading_order AS orders
LEFT JOIN portfolio_hold AS hold ON hold.reference = orders.id
WHERE hold.id IS NULL
    OR (orders.finished_at IS NULL) <> (hold.released_at IS NULL)
    OR (orders.finished_at IS NULL AND orders.side = 'sell'
        AND hold.remaining <> orders.quantity - orders.filled_quantity)
    OR (orders.finished_at IS NULL AND orders.side = 'buy'
        AND hold.remaining < orders.worst_price * (orders.quantity - orders.filled_quantity))
"""

# Units bought of one commodity wait to be received until their settlement says otherwise.
SETTLEMENTS_MISSING = """
CREATE VIEW probe_fills_without_settlement AS
SELECT fill.portfolio_id, format('fill %s has no settlement', fill.id) AS detail
FROM trading_fill AS fill
LEFT JOIN trading_settlement AS settlement ON settlement.fill_id = fill.id
WHERE settlement.id IS NULL
"""

COMMAND_GAPS = """
CREATE VIEW probe_command_gaps AS
SELECT NULL::uuid AS portfolio_id,
    format('shard %s: %s commands done, sequence reaches %s', shard, count(*), max(sequence))
        AS detail
FROM trading_ordercommand WHERE sequence IS NOT NULL
GROUP BY shard HAVING count(*) <> max(sequence) OR min(sequence) <> 1
"""

VIEWS = {
    "probe_fills_not_as_posted": FILLS_AS_POSTED,
    "probe_crosses_unequal": CROSSES_BALANCE,
    "probe_orders_not_as_filled": ORDERS_AS_FILLED,
    "probe_orders_without_hold": ORDERS_HELD,
    "probe_fills_without_settlement": SETTLEMENTS_MISSING,
    "probe_command_gaps": COMMAND_GAPS,
}


class Migration(migrations.Migration):
    dependencies = [("trading", "0002_place_order"), ("portfolio", "0003_money_probes")]

    operations = [migrations.RunSQL(create, f"DROP VIEW {name}") for name, create in VIEWS.items()]
