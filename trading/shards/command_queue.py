"""What a matcher reads: waiting commands, the orders that work, and what quotes have filled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db import connection
from psycopg.rows import namedtuple_row

from accounts.statement_flow import ask, flow
from trading.exchange.offers import Used
from trading.shards.batches import QUANTITY_STEPS, Command, Listing, WorkingOrder
from trading.shards.split_terms import SplitTerms
from trading.states import CommandKind, OrderClass, OrderType, Side, Status, TimeInForce

ORDER_COLUMNS: Final = """
    orders.id AS order_id, orders.portfolio_id, portfolio.owner_id, orders.instrument_id,
    instrument.currency, instrument.tick_size, instrument.lot_size,
    exchange.mic, exchange.timezone,
    orders.side, orders.type, orders.time_in_force, orders.status, orders.quantity,
    orders.filled_quantity, orders.worst_price, orders.commission_schedule, orders.expires_at,
    orders.priority, orders.stop_price, orders.trail_amount, orders.trail_pct, orders.water_mark,
    orders.triggered_at, orders.replaces_id, orders.filled_before,
    orders.extended_hours, orders.order_class, orders.parent_id, orders.activated_at,
    orders.hold_reference,
    -- A halt suspends who waits for the market to open as well, and he goes on waiting after it.
    CASE orders.status WHEN 'accepted' THEN true WHEN 'suspended' THEN coalesce((
        SELECT event.status = 'accepted' FROM trading_orderevent AS event
        WHERE event.order_id = orders.id AND event.status <> 'suspended'
        ORDER BY event.id DESC LIMIT 1), false) ELSE false END AS is_queued
"""
ORDER_JOINS: Final = """
    JOIN portfolio_portfolio AS portfolio ON portfolio.id = orders.portfolio_id
    JOIN market_instrument AS instrument ON instrument.id = orders.instrument_id
    JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
"""
# The limit stands inside, where the index of waiting commands gives them in order.
WAITING: Final = f"""
SELECT command.id AS command_id, command.kind, command.actor_id, {ORDER_COLUMNS},
    replaced.finished_at IS NOT NULL AS is_old_finished
FROM (
    SELECT * FROM trading_ordercommand
    WHERE sequence IS NULL AND mod(instrument_id, %s) = %s ORDER BY id LIMIT %s
) AS command
JOIN trading_order AS orders ON orders.id = command.order_id {ORDER_JOINS}
LEFT JOIN trading_order AS replaced ON replaced.id = orders.replaces_id
ORDER BY command.id
"""
# An order without a priority has not been through the book: its command still waits.
WORKING: Final = f"""
SELECT {ORDER_COLUMNS} FROM trading_order AS orders {ORDER_JOINS}
WHERE orders.status IN ('pending_new', 'held', 'accepted', 'new', 'partially_filled',
        'pending_cancel', 'pending_replace', 'suspended')
    AND orders.priority IS NOT NULL AND mod(orders.instrument_id, %s) = %s
ORDER BY orders.priority, orders.id
"""
USED: Final = """
SELECT instrument_id, quote_at, side, sum(quantity) FROM trading_fill
WHERE executed_at > %s AND quote_at IS NOT NULL AND mod(instrument_id, %s) = %s
GROUP BY instrument_id, quote_at, side
"""
SPLITS: Final = """
SELECT command_id, split_id, ratio_from, ratio_to, ex_date, restated_at IS NOT NULL AS is_done
FROM trading_splitrestatement WHERE command_id = ANY(%s::bigint[])
"""
HALTED: Final = "SELECT instrument_id FROM trading_halt WHERE resumed_at IS NULL"
LATEST_SEQUENCE: Final = "SELECT max(sequence) FROM trading_ordercommand WHERE shard = %s"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a batch begins with."""

    commands: list[Command]  # the oldest that no matcher has done, in the order they came
    halted: frozenset[int]  # instruments that staff has halted, of all shards


def look(*, shard: int, shards: int, limit: int) -> Waiting:
    """Look once at what waits, and at the halts that stand then."""
    with flow():
        waiting = ask(WAITING, [shards, shard, limit], row_factory=namedtuple_row)
        halted = ask(HALTED, [])
    commands = [_command(row) for row in waiting.rows()]
    return Waiting(_with_splits(commands), frozenset(row[0] for row in halted.rows()))


def _with_splits(commands: list[Command]) -> list[Command]:
    if not any(command.kind is CommandKind.RESTATE for command in commands):
        return commands
    ids = [command.id for command in commands]
    splits = {
        row.command_id: SplitTerms(
            split_id=row.split_id,
            ratio_from=row.ratio_from,
            ratio_to=row.ratio_to,
            ex_date=row.ex_date,
            is_done=row.is_done,
        )
        for row in ask(SPLITS, [ids], row_factory=namedtuple_row).rows()
    }
    return [replace(command, split=splits.get(command.id)) for command in commands]


def working_orders(*, shard: int, shards: int) -> list[WorkingOrder]:
    """Orders in the books of a shard, in time order."""
    working = ask(WORKING, [shards, shard], row_factory=namedtuple_row)
    return [_order(row) for row in working.rows()]


def used_quotes(*, shard: int, shards: int, since: datetime) -> Used:
    """What the street's quotes have filled since then."""
    used: Used = {}
    with connection.cursor() as cursor:
        cursor.execute(USED, [since, shards, shard])
        for instrument_id, quote_at, side, quantity in cursor.fetchall():
            used.setdefault(instrument_id, {}).setdefault(quote_at, []).append(
                (side == Side.BUY, int(quantity * QUANTITY_STEPS))
            )
    return used


def next_sequence(*, shard: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(LATEST_SEQUENCE, [shard])
        row = cursor.fetchone()
    return int((row and row[0]) or 0) + 1


def _command(row: Any) -> Command:
    return Command(
        id=row.command_id,
        kind=CommandKind(row.kind),
        order=_order(row),
        actor_id=row.actor_id,
        is_placed=row.priority is not None,
        is_finished=Status(row.status) in Status.terminal(),
        is_old_finished=row.is_old_finished,
    )


def _order(row: Any) -> WorkingOrder:
    return WorkingOrder(
        id=row.order_id,
        portfolio_id=row.portfolio_id,
        owner_id=row.owner_id,
        instrument_id=row.instrument_id,
        currency=row.currency,
        listing=Listing(row.mic, row.timezone, row.tick_size, row.lot_size),
        side=Side(row.side),
        type=OrderType(row.type),
        time_in_force=TimeInForce(row.time_in_force),
        quantity=row.quantity,
        filled_quantity=row.filled_quantity,
        worst_price=row.worst_price,
        schedule=row.commission_schedule,
        expires_at=row.expires_at,
        extended_hours=row.extended_hours,
        stop_price=row.stop_price,
        trail_amount=row.trail_amount,
        trail_pct=row.trail_pct,
        water_mark=row.water_mark,
        is_triggered=row.triggered_at is not None,
        priority=row.priority,
        replaces_id=row.replaces_id,
        filled_before=row.filled_before,
        order_class=OrderClass(row.order_class),
        parent_id=row.parent_id,
        is_dormant=row.parent_id is not None and row.activated_at is None,
        hold_reference=row.hold_reference,
        is_queued=row.is_queued,
        is_suspended=row.status == Status.SUSPENDED,
    )
