"""The statements by which a batch of orders is judged and recorded, each over any number of rows.

They say in sets what ``trading_order_facts`` and ``trading_record_order`` say of one order. See
also both.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from psycopg.rows import namedtuple_row

from accounts.identifiers import new_id
from portfolio.bookkeeping.balances import ensure_balances
from portfolio.bookkeeping.bulk import columns_of, execute, fetch_rows
from portfolio.bookkeeping.entries import BalanceKey
from trading.models import Order
from trading.order_entry.stops import recording_orders
from trading.placing.order_drafts import Draft
from trading.states import OrderClass

Pair = tuple[UUID, int]  # a portfolio and an instrument

FACTS: Final = """
SELECT pair.portfolio_id, pair.instrument_id, facts.*
FROM unnest(%s::uuid[], %s::int[]) AS pair (portfolio_id, instrument_id)
CROSS JOIN LATERAL trading_order_facts(pair.portfolio_id, pair.instrument_id, NULL, false) AS facts
"""
OPEN_ORDERS: Final = """
SELECT portfolio.id, facts.open_orders FROM unnest(%s::uuid[]) AS portfolio (id)
CROSS JOIN LATERAL trading_order_facts(portfolio.id, NULL, NULL) AS facts
"""
BALANCES: Final = """
WITH pair AS MATERIALIZED (
    SELECT pair.portfolio_id, instrument.id AS instrument_id, instrument.currency
    FROM unnest(%s::uuid[], %s::int[]) AS pair (portfolio_id, instrument_id)
    JOIN market_instrument AS instrument ON instrument.id = pair.instrument_id
)
SELECT cash.id FROM pair JOIN portfolio_ledgerbalance AS cash
    ON cash.portfolio_id = pair.portfolio_id AND cash.currency = pair.currency
    AND cash.instrument_id IS NULL
UNION SELECT units.id FROM pair JOIN portfolio_ledgerbalance AS units
    ON units.portfolio_id = pair.portfolio_id AND units.currency = ''
    AND units.instrument_id = pair.instrument_id
"""
EARLIER: Final = """
SELECT earlier.id FROM unnest(%s::uuid[], %s::text[]) AS name (portfolio_id, client_order_id)
JOIN trading_order AS earlier USING (portfolio_id, client_order_id)
"""
INSERT_ORDERS: Final = """
INSERT INTO trading_order (
    status, filled_quantity, filled_amount, status_reason, id, portfolio_id, instrument_id,
    client_order_id, side, type, time_in_force, quantity, notional, limit_price, worst_price,
    stop_price, trail_amount, trail_pct, commission_schedule, extended_hours, submitted_at,
    updated_at, expires_at, order_class
)
SELECT 'pending_new', 0, 0, '', d.* FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[],
    %s::numeric[], %s::numeric[], %s::numeric[], %s::text[], %s::boolean[], %s::timestamptz[],
    %s::timestamptz[], %s::timestamptz[], %s::text[]) AS d
ON CONFLICT (portfolio_id, client_order_id) DO NOTHING RETURNING id
"""
RESERVE: Final = """
UPDATE portfolio_ledgerbalance AS b SET held = b.held + d.reserve, version = b.version + 1
FROM unnest(%s::bigint[], %s::numeric[]) AS d (id, reserve) WHERE b.id = d.id
"""
INSERT_HOLDS: Final = """
INSERT INTO portfolio_hold (placed_at, id, balance_id, reference, amount, remaining)
SELECT %s, d.* FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[], %s::numeric[], %s::numeric[]) AS d
"""
INSERT_EVENTS: Final = """
INSERT INTO trading_orderevent (order_id, kind, status, occurred_at, actor_id, details)
SELECT d.id, 'placed', 'pending_new', %s, %s, d.details::jsonb
FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS d (id, details, place) ORDER BY d.place
"""
INSERT_COMMANDS: Final = """
INSERT INTO trading_ordercommand (kind, created_at, actor_id, order_id, instrument_id)
SELECT 'place', %s, %s, d.id, d.instrument_id FROM unnest(%s::uuid[], %s::int[]) WITH ORDINALITY
    AS d (id, instrument_id, place) ORDER BY d.place
"""


def balances_of(pairs: Collection[Pair]) -> set[int]:
    """The ids of what orders may reserve: cash and units of each pair, where there are any."""
    return {row[0] for row in fetch_rows(BALANCES, columns_of(pairs, width=2))}


def facts_of(pairs: Collection[Pair]) -> dict[Pair, Any]:
    """A row of trading_order_facts for each; nothing where there is no such portfolio."""
    portfolio_ids = {portfolio_id for portfolio_id, _ in pairs}
    open_orders: dict[UUID, int] = dict(fetch_rows(OPEN_ORDERS, [list(portfolio_ids)]))
    connection.ensure_connection()
    with (
        connection.wrap_database_errors,
        connection.connection.cursor(row_factory=namedtuple_row) as cursor,
    ):
        rows = cursor.execute(FACTS, columns_of(pairs, width=2)).fetchall()
    return {
        (row.portfolio_id, row.instrument_id): row._replace(
            open_orders=open_orders[row.portfolio_id]
        )
        for row in rows
    }


def earlier_orders(names: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], Order]:
    """Orders that have one of those client order ids in their portfolio."""
    if not names:
        return {}
    ids = [row[0] for row in fetch_rows(EARLIER, columns_of(names, width=2))]
    found = Order.objects.filter(id__in=ids)
    found = found.prefetch_related("restatements", "legs__restatements")
    return {(order.portfolio_id, order.client_order_id): order for order in found}


def insert_orders(orders: Iterable[Order]) -> set[UUID]:
    """Record orders; return the ids of those whose client order id was free until now."""
    rows = [_order_row(order) for order in orders]
    with recording_orders():
        return {row[0] for row in fetch_rows(INSERT_ORDERS, columns_of(rows, width=20))}


def complete_orders(drafts: Sequence[Draft], *, actor_id: UUID | None, now: datetime) -> None:
    """Reserve what recorded orders may use, with the balances locked, and queue them in order.

    Exits are recorded here, and queued before the order they belong to, so that the matcher
    knows of them when it comes to it.
    """
    reserved: dict[int, Any] = {}
    for draft in drafts:
        reserved[draft.balance_id] = reserved.get(draft.balance_id, 0) + draft.reserve
    execute(RESERVE, columns_of(reserved.items(), width=2))
    with recording_orders():
        Order.objects.bulk_create([one for draft in drafts for one in draft.exits])
    holds = [
        (new_id(), draft.balance_id, draft.order.id, draft.reserve, draft.reserve)
        for draft in drafts
    ]
    execute(INSERT_HOLDS, [now, *columns_of([*holds, *_exit_holds(drafts)], width=5)])
    queued = [one for draft in drafts for one in (*draft.exits, draft.order)]
    ids = [one.id for one in queued]
    told = [
        json.dumps({"follows": str(one.parent_id)}) if one.parent_id else "{}" for one in queued
    ]
    execute(INSERT_EVENTS, [now, actor_id, ids, told])
    execute(INSERT_COMMANDS, [now, actor_id, ids, [one.instrument_id for one in queued]])


def _exit_holds(drafts: Iterable[Draft]) -> list[tuple[Any, ...]]:
    """Of each purchase with exits the hold that they share: empty until it has bought."""
    entries = [one for one in drafts if one.exits and one.order.order_class != OrderClass.OCO]
    keys = {
        one.order.id: BalanceKey(one.order.portfolio_id, "", one.order.instrument_id)
        for one in entries
    }
    balances = ensure_balances(keys.values())
    return [
        (new_id(), balances[keys[one.order.id]], one.exits[0].id, one.order.quantity, 0)
        for one in entries
    ]


def _order_row(order: Order) -> tuple[Any, ...]:
    return (
        *(order.id, order.portfolio_id, order.instrument_id, order.client_order_id, order.side),
        *(order.type, order.time_in_force, order.quantity, order.notional, order.limit_price),
        *(order.worst_price, order.stop_price, order.trail_amount, order.trail_pct),
        *(order.commission_schedule, order.extended_hours, order.submitted_at, order.updated_at),
        *(order.expires_at, order.order_class),
    )
