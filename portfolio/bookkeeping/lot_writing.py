"""Lots, closures, positions and moves as rows of the database, written in sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from portfolio.bookkeeping.bulk import add_rows, columns_of, execute
from portfolio.corporate_actions.unit_events import Pair
from portfolio.lots import OpenLot
from portfolio.positions import Holding
from portfolio.trades import UnitMove

USE_LOTS: Final = """
UPDATE portfolio_lot AS l SET remaining_quantity = u.quantity, remaining_cost = u.cost,
    closed_at = u.closed_at
FROM unnest(%s::uuid[], %s::numeric[], %s::numeric[], %s::timestamptz[])
    AS u (id, quantity, cost, closed_at)
WHERE l.id = u.id
"""
# What is added is a change, and may be money without units (as much bought as sold). A row of it
# proposed for INSERT would fail the checks of a position, so those that are there come first.
ADD_TO_POSITIONS: Final = """
WITH change AS (
    SELECT * FROM unnest(%s::uuid[], %s::int[], %s::numeric[], %s::numeric[], %s::numeric[],
        %s::text[], %s::timestamptz[], %s::uuid[], %s::bool[])
        AS d (portfolio_id, instrument_id, quantity, cost, realised_gain, currency,
            latest_trade_at, latest_entry_id, needs_history)
), added AS (
    UPDATE portfolio_position AS p SET quantity = p.quantity + change.quantity,
        cost = p.cost + change.cost, realised_gain = p.realised_gain + change.realised_gain,
        latest_trade_at = change.latest_trade_at, latest_entry_id = change.latest_entry_id
    FROM change
    WHERE p.portfolio_id = change.portfolio_id AND p.instrument_id = change.instrument_id
    RETURNING p.portfolio_id, p.instrument_id
)
INSERT INTO portfolio_position (portfolio_id, instrument_id, quantity, cost, realised_gain,
    currency, latest_trade_at, latest_entry_id, needs_history)
SELECT * FROM change
WHERE (portfolio_id, instrument_id) NOT IN (SELECT portfolio_id, instrument_id FROM added)
"""
FORGET_CLOSURES: Final = """
DELETE FROM portfolio_lotclosure AS c
USING portfolio_lot AS l, unnest(%s::uuid[], %s::int[]) AS w (portfolio_id, instrument_id)
WHERE c.lot_id = l.id AND l.portfolio_id = w.portfolio_id AND l.instrument_id = w.instrument_id
"""
FORGET_LOTS: Final = """
DELETE FROM portfolio_lot AS l
USING unnest(%s::uuid[], %s::int[]) AS w (portfolio_id, instrument_id)
WHERE l.portfolio_id = w.portfolio_id AND l.instrument_id = w.instrument_id
"""
FORGET_POSITIONS: Final = """
DELETE FROM portfolio_position AS p
USING unnest(%s::uuid[], %s::int[]) AS w (portfolio_id, instrument_id)
WHERE p.portfolio_id = w.portfolio_id AND p.instrument_id = w.instrument_id
"""
FORGET_MOVES: Final = """
DELETE FROM portfolio_unitmove AS m
USING unnest(%s::uuid[], %s::int[]) AS w (portfolio_id, instrument_id)
WHERE m.portfolio_id = w.portfolio_id AND m.instrument_id = w.instrument_id
"""
LOT_COLUMNS: Final = {
    "id": "uuid",
    "portfolio_id": "uuid",
    "instrument_id": "int4",
    "opening_entry_id": "uuid",
    "opened_at": "timestamptz",
    "quantity": "numeric",
    "cost": "numeric",
    "remaining_quantity": "numeric",
    "remaining_cost": "numeric",
    "currency": "text",
    "closed_at": "timestamptz",
    "acquired_at": "timestamptz",
    "local_cost": "numeric",
    "added_quantity": "numeric",
    "is_missing": "bool",
}
CLOSURE_COLUMNS: Final = {
    "lot_id": "uuid",
    "closing_entry_id": "uuid",
    "closed_at": "timestamptz",
    "quantity": "numeric",
    "cost": "numeric",
    "proceeds": "numeric",
    "carried_quantity": "numeric",
}
MOVE_COLUMNS: Final = {
    "portfolio_id": "uuid",
    "instrument_id": "int4",
    "entry_id": "uuid",
    "occurred_at": "timestamptz",
    "quantity": "numeric",
    "cost": "numeric",
    "value": "numeric",
    "missing_quantity": "numeric",
    "found_quantity": "numeric",
}


def forget_holdings(pairs: Iterable[Pair]) -> None:
    """Drop what is derived of the pairs; closures first, as they are found by their lots."""
    for statement in (FORGET_CLOSURES, FORGET_LOTS, FORGET_POSITIONS, FORGET_MOVES):
        execute(statement, columns_of(pairs, width=2))


def write_holdings(holdings: Mapping[Pair, Holding]) -> None:
    """Store what the trades changed: new lots, used lots, closures, and positions."""
    opened = [lot_row(pair, lot) for pair, holding in holdings.items() for lot in holding.opened]
    used = [
        (lot.lot_id, lot.remaining_quantity, lot.remaining_cost, lot.closed_at)
        for holding in holdings.values()
        for lot in holding.touched_lots
    ]
    closures = closure_rows(holdings.values())
    moves = [move_row(pair, one) for pair, holding in holdings.items() for one in holding.moves]
    if opened:
        add_rows("portfolio_lot", LOT_COLUMNS, opened)
    if used:
        execute(USE_LOTS, columns_of(used, width=4))
    if closures:
        add_rows("portfolio_lotclosure", CLOSURE_COLUMNS, closures)
    if moves:
        add_rows("portfolio_unitmove", MOVE_COLUMNS, moves)
    if holdings:
        rows = [position_row(pair, holding) for pair, holding in holdings.items()]
        execute(ADD_TO_POSITIONS, columns_of(rows, width=9))


def lot_row(pair: Pair, lot: OpenLot) -> tuple[object, ...]:
    return (
        *(lot.lot_id, *pair, lot.entry_id or lot.lot_id, lot.opened_at, lot.quantity, lot.cost),
        *(lot.remaining_quantity, lot.remaining_cost, lot.currency, lot.closed_at),
        None if lot.acquired_at == lot.opened_at else lot.acquired_at,
        None if lot.local_cost == lot.cost else lot.local_cost,
        *(lot.added_quantity, lot.is_missing),
    )


def closure_rows(holdings: Iterable[Holding]) -> list[tuple[object, ...]]:
    return [
        (
            *(c.lot_id, c.closing_entry_id, c.closed_at, c.quantity, c.cost, c.proceeds),
            c.carried_quantity,
        )
        for holding in holdings
        for c in holding.closures
    ]


def move_row(pair: Pair, move: UnitMove) -> tuple[object, ...]:
    return (
        *(*pair, move.entry_id, move.occurred_at, move.quantity, move.cost, move.value),
        *(move.missing_quantity, move.found_quantity),
    )


def position_row(pair: Pair, holding: Holding) -> tuple[object, ...]:
    return (
        *(*pair, holding.quantity, holding.cost, holding.realised_gain),
        *(holding.currency, holding.latest_trade_at, holding.latest_entry_id),
        holding.needs_history,
    )
