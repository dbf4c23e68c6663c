"""Lots, closures and positions kept in step with the ledger, in sets.

Whoever applies trades has posted them in the same transaction, so it holds the lock of the
units' balance, and nobody else changes the lots of that pair meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from portfolio.amounts import ZERO
from portfolio.bulk import columns_of, copy_rows, execute, fetch_rows
from portfolio.entries import EntryDraft, EntryKind
from portfolio.errors import InsufficientUnits
from portfolio.lots import OpenLot, OverSold
from portfolio.positions import Holding, Trade, hold

Pair = tuple[UUID, int]  # portfolio, instrument

LATEST: Final = """
SELECT p.portfolio_id, p.instrument_id, p.latest_trade_at, p.latest_entry_id
FROM unnest(%s::uuid[], %s::int[]) AS w (portfolio_id, instrument_id)
JOIN portfolio_position AS p USING (portfolio_id, instrument_id)
"""
# The oldest open lots of each pair, as many as the units sold can reach.
OPEN_LOTS: Final = """
SELECT portfolio_id, instrument_id, id, opened_at, quantity, cost, remaining_quantity,
    remaining_cost, currency
FROM (
    SELECT l.*, w.sold, sum(l.remaining_quantity) OVER (
            PARTITION BY l.portfolio_id, l.instrument_id ORDER BY l.opened_at, l.id
        ) - l.remaining_quantity AS older
    FROM unnest(%s::uuid[], %s::int[], %s::numeric[]) AS w (portfolio_id, instrument_id, sold)
    JOIN portfolio_lot AS l USING (portfolio_id, instrument_id)
    WHERE l.remaining_quantity > 0
) AS open_lots
WHERE older < sold
ORDER BY portfolio_id, instrument_id, opened_at, id
"""
USE_LOTS: Final = """
UPDATE portfolio_lot AS l SET remaining_quantity = u.quantity, remaining_cost = u.cost,
    closed_at = u.closed_at
FROM unnest(%s::uuid[], %s::numeric[], %s::numeric[], %s::timestamptz[])
    AS u (id, quantity, cost, closed_at)
WHERE l.id = u.id
"""
ADD_TO_POSITIONS: Final = """
INSERT INTO portfolio_position AS p (portfolio_id, instrument_id, quantity, cost, realised_gain,
    currency, latest_trade_at, latest_entry_id)
SELECT * FROM unnest(%s::uuid[], %s::int[], %s::numeric[], %s::numeric[], %s::numeric[],
    %s::text[], %s::timestamptz[], %s::uuid[])
ON CONFLICT (portfolio_id, instrument_id) DO UPDATE SET quantity = p.quantity + excluded.quantity,
    cost = p.cost + excluded.cost, realised_gain = p.realised_gain + excluded.realised_gain,
    latest_trade_at = excluded.latest_trade_at, latest_entry_id = excluded.latest_entry_id
"""
TRADES: Final = """
SELECT e.portfolio_id, e.instrument_id, e.id, e.kind, e.occurred_at, e.quantity, e.amount,
    e.fees + e.taxes, e.currency
FROM unnest(%s::uuid[], %s::int[]) AS w (portfolio_id, instrument_id)
JOIN portfolio_journalentry AS e USING (portfolio_id, instrument_id)
LEFT JOIN portfolio_journalentry AS reversal ON reversal.reverses_id = e.id
WHERE e.kind IN ('buy', 'sell') AND reversal.id IS NULL
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
LOT_COLUMNS: Final = (
    *("id", "portfolio_id", "instrument_id", "opening_entry_id", "opened_at", "quantity", "cost"),
    *("remaining_quantity", "remaining_cost", "currency", "closed_at"),
)
CLOSURE_COLUMNS: Final = (
    *("lot_id", "closing_entry_id", "closed_at", "quantity", "cost", "proceeds"),
)


def apply_trades(entries: Iterable[EntryDraft]) -> None:
    """Maintain lots, closures and positions for newly posted entries; others are passed over.

    A fixed number of statements for any number of entries. A trade that sorts before one
    applied earlier makes its pair be rebuilt.

    Raises:
        InsufficientUnits: some sale exceeds what was held at its time.
    """
    trades = group_trades(entries)
    if not trades:
        return
    late = find_late(trades)
    on_time = {pair: trades[pair] for pair in trades.keys() - late}
    lots = open_lots(on_time)
    holdings = {pair: hold_pair(pair, new, lots[pair]) for pair, new in on_time.items()}
    write_holdings(holdings)
    rebuild_pairs(late)


def rebuild_pairs(pairs: Iterable[Pair]) -> None:
    """Derive lots, closures and positions of the pairs anew from their entries.

    Raises:
        InsufficientUnits: some sale exceeds what was held at its time.
    """
    wanted = sorted(set(pairs), key=str)
    if not wanted:
        return
    holdings = derive_holdings(wanted)
    for statement in (FORGET_CLOSURES, FORGET_LOTS, FORGET_POSITIONS):
        execute(statement, columns_of(wanted, width=2))
    write_holdings(holdings)


def derive_holdings(pairs: Sequence[Pair]) -> dict[Pair, Holding]:
    """What the pairs' entries amount to; a pair without trades is left out.

    Raises:
        InsufficientUnits: some sale exceeds what was held at its time.
    """
    trades: dict[Pair, list[Trade]] = defaultdict(list)
    for row in fetch_rows(TRADES, columns_of(pairs, width=2)):
        portfolio_id, instrument_id, *facts = row
        trades[portfolio_id, instrument_id].append(Trade.of_row(facts))
    return {pair: hold_pair(pair, history, ()) for pair, history in trades.items()}


def group_trades(entries: Iterable[EntryDraft]) -> dict[Pair, list[Trade]]:
    trades: dict[Pair, list[Trade]] = defaultdict(list)
    for entry in entries:
        if entry.is_trade and entry.instrument_id is not None and entry.quantity is not None:
            money = entry.cost if entry.kind == EntryKind.BUY else entry.proceeds
            trades[entry.portfolio_id, entry.instrument_id].append(
                Trade(
                    *(entry.id, entry.kind, entry.occurred_at),
                    *(entry.quantity, money, entry.currency),
                )
            )
    return trades


def find_late(trades: Mapping[Pair, Sequence[Trade]]) -> set[Pair]:
    """Pairs of which a new trade sorts before one that was applied earlier."""
    latest: dict[Pair, tuple[datetime, UUID]] = {
        (row[0], row[1]): (row[2], row[3])
        for row in fetch_rows(LATEST, columns_of(trades, width=2))
    }
    return {
        pair
        for pair, new in trades.items()
        if pair in latest and min(trade.order for trade in new) < latest[pair]
    }


def open_lots(trades: Mapping[Pair, Sequence[Trade]]) -> Mapping[Pair, list[OpenLot]]:
    """The oldest open lots of each pair that sells, enough to cover what is sold."""
    sold = {
        pair: sum((trade.quantity for trade in new if trade.kind == EntryKind.SELL), ZERO)
        for pair, new in trades.items()
    }
    lots: dict[Pair, list[OpenLot]] = defaultdict(list)
    wanted = [(*pair, quantity) for pair, quantity in sold.items() if quantity]
    if wanted:
        for row in fetch_rows(OPEN_LOTS, columns_of(wanted, width=3)):
            lots[row[0], row[1]].append(OpenLot(*row[2:]))
    return lots


def hold_pair(pair: Pair, trades: Iterable[Trade], lots: Iterable[OpenLot]) -> Holding:
    """See ``positions.hold``; an over-sale is told in the ledger's words."""
    try:
        return hold(trades, lots=lots)
    except OverSold as error:
        raise InsufficientUnits(
            portfolio_id=pair[0], needed=error.missing, available=ZERO, instrument_id=pair[1]
        ) from error


def write_holdings(holdings: Mapping[Pair, Holding]) -> None:
    """Store what the trades changed: new lots, used lots, closures, and positions."""
    opened = [lot_row(pair, lot) for pair, holding in holdings.items() for lot in holding.opened]
    used = [
        (lot.lot_id, lot.remaining_quantity, lot.remaining_cost, lot.closed_at)
        for holding in holdings.values()
        for lot in holding.touched_lots
    ]
    closures = closure_rows(holdings.values())
    if opened:
        copy_rows("portfolio_lot", LOT_COLUMNS, opened)
    if used:
        execute(USE_LOTS, columns_of(used, width=4))
    if closures:
        copy_rows("portfolio_lotclosure", CLOSURE_COLUMNS, closures)
    if holdings:
        rows = [position_row(pair, holding) for pair, holding in holdings.items()]
        execute(ADD_TO_POSITIONS, columns_of(rows, width=8))


def lot_row(pair: Pair, lot: OpenLot) -> tuple[object, ...]:
    return (
        *(lot.lot_id, *pair, lot.lot_id, lot.opened_at, lot.quantity, lot.cost),
        *(lot.remaining_quantity, lot.remaining_cost, lot.currency, lot.closed_at),
    )


def closure_rows(holdings: Iterable[Holding]) -> list[tuple[object, ...]]:
    return [
        (c.lot_id, c.closing_entry_id, c.closed_at, c.quantity, c.cost, c.proceeds)
        for holding in holdings
        for c in holding.closures
    ]


def position_row(pair: Pair, holding: Holding) -> tuple[object, ...]:
    return (
        *(*pair, holding.quantity, holding.cost, holding.realised_gain),
        *(holding.currency, holding.latest_trade_at, holding.latest_entry_id),
    )
