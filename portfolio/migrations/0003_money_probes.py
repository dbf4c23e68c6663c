"""Views that are empty as long as the books are right: see docs/ledger.md."""

from django.db import migrations

# Each names portfolio and detail of what is wrong.
UNBALANCED_ENTRIES = """
CREATE VIEW probe_unbalanced_entries AS
SELECT entry.portfolio_id, format('entry %s, commodity %s: sum %s over %s postings', entry.id,
        coalesce(nullif(account.currency, ''), account.instrument_id::text, 'none'),
        coalesce(sum(posting.amount), 0), count(posting.id)) AS detail
FROM portfolio_journalentry AS entry
LEFT JOIN portfolio_posting AS posting ON posting.entry_id = entry.id
LEFT JOIN portfolio_ledgeraccount AS account ON account.id = posting.ledger_account_id
GROUP BY entry.id, account.currency, account.instrument_id
HAVING coalesce(sum(posting.amount), 0) <> 0 OR count(posting.id) < 2
"""

STRAY_POSTINGS = """
CREATE VIEW probe_stray_postings AS
SELECT entry.portfolio_id, format('posting %s of entry %s into account %s', posting.id,
        posting.entry_id, posting.ledger_account_id) AS detail
FROM portfolio_posting AS posting
LEFT JOIN portfolio_journalentry AS entry ON entry.id = posting.entry_id
LEFT JOIN portfolio_ledgeraccount AS account ON account.id = posting.ledger_account_id
WHERE entry.id IS NULL OR account.id IS NULL OR account.portfolio_id <> entry.portfolio_id
"""

BALANCE_DRIFT = """
CREATE VIEW probe_balance_drift AS
WITH derived AS (
    SELECT account.portfolio_id, account.currency, account.instrument_id,
        coalesce(sum(posting.amount) FILTER (WHERE account.kind = 'settled'), 0) AS settled,
        coalesce(sum(posting.amount) FILTER (WHERE account.kind = 'to_receive'), 0) AS to_receive,
        coalesce(sum(posting.amount) FILTER (WHERE account.kind = 'to_deliver'), 0) AS to_deliver
    FROM portfolio_posting AS posting
    JOIN portfolio_ledgeraccount AS account ON account.id = posting.ledger_account_id
    WHERE account.kind IN ('settled', 'to_receive', 'to_deliver')
    GROUP BY account.portfolio_id, account.currency, account.instrument_id
)
SELECT coalesce(balance.portfolio_id, derived.portfolio_id) AS portfolio_id,
    format('commodity %s: stored %s, %s, %s; postings say %s, %s, %s',
        coalesce(nullif(coalesce(balance.currency, derived.currency), ''),
            coalesce(balance.instrument_id, derived.instrument_id)::text),
        balance.settled, balance.to_receive, balance.to_deliver,
        derived.settled, derived.to_receive, derived.to_deliver) AS detail
FROM portfolio_ledgerbalance AS balance
FULL JOIN derived ON derived.portfolio_id = balance.portfolio_id
    AND derived.currency = balance.currency
    AND coalesce(derived.instrument_id, 0) = coalesce(balance.instrument_id, 0)
WHERE coalesce(balance.settled, 0) <> coalesce(derived.settled, 0)
    OR coalesce(balance.to_receive, 0) <> coalesce(derived.to_receive, 0)
    OR coalesce(balance.to_deliver, 0) <> coalesce(derived.to_deliver, 0)
"""

OVERDRAFTS = """
CREATE VIEW probe_overdrafts AS
SELECT balance.portfolio_id, format('balance %s: owned %s, held %s', balance.id,
        balance.settled + balance.to_receive + balance.to_deliver, balance.held) AS detail
FROM portfolio_ledgerbalance AS balance
WHERE NOT balance.may_go_negative
    AND balance.settled + balance.to_receive + balance.to_deliver < balance.held
"""

HOLD_DRIFT = """
CREATE VIEW probe_hold_drift AS
SELECT balance.portfolio_id, format('balance %s: held %s, open holds say %s', balance.id,
        balance.held, coalesce(holds.remaining, 0)) AS detail
FROM portfolio_ledgerbalance AS balance
LEFT JOIN (
    SELECT balance_id, sum(remaining) AS remaining FROM portfolio_hold
    WHERE released_at IS NULL GROUP BY balance_id
) AS holds ON holds.balance_id = balance.id
WHERE balance.held <> coalesce(holds.remaining, 0)
"""

POSITION_DRIFT = """
CREATE VIEW probe_position_drift AS
WITH lots AS (
    SELECT portfolio_id, instrument_id, sum(remaining_quantity) AS quantity,
        sum(remaining_cost) AS cost
    FROM portfolio_lot GROUP BY portfolio_id, instrument_id
), units AS (
    SELECT portfolio_id, instrument_id, settled + to_receive + to_deliver AS quantity
    FROM portfolio_ledgerbalance WHERE instrument_id IS NOT NULL
)
SELECT portfolio_id, format('instrument %s: position %s at %s, lots %s at %s, ledger %s',
        instrument_id, position.quantity, position.cost, lots.quantity, lots.cost,
        units.quantity) AS detail
FROM portfolio_position AS position
FULL JOIN lots USING (portfolio_id, instrument_id)
FULL JOIN units USING (portfolio_id, instrument_id)
WHERE coalesce(position.quantity, 0) <> coalesce(lots.quantity, 0)
    OR coalesce(position.cost, 0) <> coalesce(lots.cost, 0)
    OR coalesce(position.quantity, 0) <> coalesce(units.quantity, 0)
"""

LOT_DRIFT = """
CREATE VIEW probe_lot_drift AS
SELECT lot.portfolio_id, format('lot %s: %s of %s remain after closures of %s', lot.id,
        lot.remaining_quantity, lot.quantity, coalesce(sum(closure.quantity), 0)) AS detail
FROM portfolio_lot AS lot
LEFT JOIN portfolio_lotclosure AS closure ON closure.lot_id = lot.id
GROUP BY lot.id
HAVING lot.quantity - coalesce(sum(closure.quantity), 0) <> lot.remaining_quantity
    OR lot.cost - coalesce(sum(closure.cost), 0) <> lot.remaining_cost
"""

VIEWS = {
    "probe_unbalanced_entries": UNBALANCED_ENTRIES,
    "probe_stray_postings": STRAY_POSTINGS,
    "probe_balance_drift": BALANCE_DRIFT,
    "probe_overdrafts": OVERDRAFTS,
    "probe_hold_drift": HOLD_DRIFT,
    "probe_position_drift": POSITION_DRIFT,
    "probe_lot_drift": LOT_DRIFT,
}


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0002_ledger_guards")]

    operations = [migrations.RunSQL(create, f"DROP VIEW {name}") for name, create in VIEWS.items()]
