"""The statements by which a batch is read and written, each over any number of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson

from accounts.identifiers import new_id
from portfolio.bookkeeping.bulk import array, columns_of, execute, send
from portfolio.bookkeeping.entries import EntryDraft
from trading.models.fills import Counterparty
from trading.shards.batches import Reduced, Replaced, StopMove, Triggered, Woken, WorkingOrder
from trading.states import CommandKind, Event, Status

# The symbol is the one of now; an instrument may be renamed.
LOCK_ORDERS: Final = """
SELECT id, status, filled_quantity, filled_amount,
    (SELECT symbol FROM market_instrument WHERE id = trading_order.instrument_id)
FROM trading_order WHERE id = ANY(%s::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
# Wishes that wait until orders have ended.
AWAITING: Final = """
SELECT portfolio_id, 'closing' FROM trading_positionclosing
WHERE done_at IS NULL AND portfolio_id = ANY(%s::uuid[])
UNION ALL
SELECT portfolio_id, 'reset' FROM trading_portfolioreset
WHERE done_at IS NULL AND portfolio_id = ANY(%s::uuid[])
"""
UPDATE_ORDERS: Final = """
UPDATE trading_order AS o SET status = d.status, filled_quantity = d.filled_quantity,
    filled_amount = d.filled_amount, updated_at = %s, finished_at = d.finished_at,
    priority = coalesce(d.priority, o.priority), status_reason = d.reason
FROM unnest(%s::uuid[], %s::text[], %s::numeric[], %s::numeric[], %s::timestamptz[], %s::bigint[],
    %s::text[])
    AS d (id, status, filled_quantity, filled_amount, finished_at, priority, reason)
WHERE o.id = d.id
"""
# Numbers that are null stay as they are.
UPDATE_STOPS: Final = """
UPDATE trading_order AS o SET stop_price = coalesce(d.stop_price, o.stop_price),
    water_mark = coalesce(d.water_mark, o.water_mark),
    worst_price = coalesce(d.worst_price, o.worst_price),
    triggered_at = coalesce(o.triggered_at, d.triggered_at)
FROM unnest(%s::uuid[], %s::numeric[], %s::numeric[], %s::numeric[], %s::timestamptz[])
    AS d (id, stop_price, water_mark, worst_price, triggered_at)
WHERE o.id = d.id
"""
# In the place of the old one it has the old one's time priority.
TAKE_OVER: Final = """
UPDATE trading_order AS o SET quantity = d.quantity, filled_before = d.filled_before,
    priority = CASE WHEN d.keeps_place THEN old.priority ELSE o.priority END,
    activated_at = coalesce(o.activated_at, old.activated_at)
FROM unnest(%s::uuid[], %s::uuid[], %s::numeric[], %s::numeric[], %s::bool[])
    AS d (old_id, id, quantity, filled_before, keeps_place)
JOIN trading_order AS old ON old.id = d.old_id
WHERE o.id = d.id
"""
UPDATE_EXITS: Final = """
UPDATE trading_order AS o SET quantity = d.quantity,
    activated_at = coalesce(o.activated_at, d.activated_at)
FROM unnest(%s::uuid[], %s::numeric[], %s::timestamptz[]) AS d (id, quantity, activated_at)
WHERE o.id = d.id
"""
# Exits follow the order that replaced the one they belonged to; they may sell what it buys.
FOLLOW: Final = """
UPDATE trading_order AS o SET parent_id = d.id,
    quantity = CASE WHEN o.order_class = 'oco' THEN o.quantity ELSE d.quantity END
FROM unnest(%s::uuid[], %s::uuid[], %s::numeric[]) AS d (old_id, id, quantity)
WHERE o.parent_id = d.old_id AND o.finished_at IS NULL
"""
MAKE_WAY: Final = """
UPDATE trading_order AS o SET replaced_by_id = d.id
FROM unnest(%s::uuid[], %s::uuid[]) AS d (old_id, id) WHERE o.id = d.old_id
"""
# The matcher's own commands: done as soon as they are written down.
INSERT_OWN: Final = """
INSERT INTO trading_ordercommand
    (kind, created_at, done_at, shard, order_id, instrument_id, sequence)
SELECT %s, %s, %s, %s, d.* FROM unnest(%s::uuid[], %s::int[], %s::bigint[]) AS d
"""
INSERT_FILLS: Final = """
INSERT INTO trading_fill (executed_at, id, match_id, order_id, portfolio_id, instrument_id, side,
    quantity, price, commission, counterparty, quote_at, trade_date, settlement_date, entry_id)
SELECT %s, d.* FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::text[],
    %s::numeric[], %s::numeric[], %s::numeric[], %s::text[], %s::timestamptz[], %s::date[],
    %s::date[], %s::uuid[]) AS d
"""
INSERT_SETTLEMENTS: Final = """
INSERT INTO trading_settlement (id, portfolio_id, fill_id, due_date)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::date[])
"""
INSERT_EVENTS: Final = """
INSERT INTO trading_orderevent (occurred_at, order_id, kind, status, actor_id, details)
SELECT %s, d.order_id, d.kind, d.status, d.actor_id, d.details::jsonb
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::text[])
    WITH ORDINALITY AS d (order_id, kind, status, actor_id, details, place)
ORDER BY d.place
"""
FINISH_COMMANDS: Final = """
UPDATE trading_ordercommand AS c SET shard = %s, sequence = d.sequence, done_at = %s
FROM unnest(%s::bigint[], %s::bigint[]) AS d (id, sequence)
WHERE c.id = d.id AND c.sequence IS NULL
RETURNING c.id
"""


@dataclass(slots=True)
class Progress:
    """How an order stands while the batch is worked through."""

    order: WorkingOrder
    status: Status
    filled_quantity: Decimal
    filled_amount: Decimal
    symbol: str = ""  # of its instrument, as it is now
    priority: int | None = None
    reason: str = ""
    consumed: Decimal = Decimal(0)  # of its hold, in cash for a buy and units for a sale
    refilled_to: Decimal | None = None  # its hold, before anything is consumed

    @property
    def is_finished(self) -> bool:
        return self.status in Status.terminal()


@dataclass(frozen=True, slots=True)
class Awaiting:
    """Portfolios in which somebody waits for orders to end."""

    closings: frozenset[UUID] = frozenset()  # to sell what they hold back
    resets: frozenset[UUID] = frozenset()  # to begin anew


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFill:
    id: UUID
    match_id: UUID
    order: WorkingOrder
    quantity: Decimal
    price: Decimal
    commission: Decimal
    counterparty: Counterparty
    quote_at: datetime | None
    trade_date: date
    settlement_date: date
    entry: EntryDraft


@dataclass(frozen=True, slots=True)
class NewEvent:
    order_id: UUID
    kind: Event
    status: Status
    actor_id: UUID | None
    details: dict[str, str]


def begin_lock(
    orders: Mapping[UUID, WorkingOrder], *, others: Iterable[UUID] = ()
) -> Callable[[], dict[UUID, Progress]]:
    """Send what locks the orders by id until the transaction ends; the answer says how they stand.

    ``others`` are locked too, in the same order.
    """
    answer = send(LOCK_ORDERS, [array([*orders, *others])])
    return lambda: {
        row[0]: Progress(
            orders[row[0]],
            Status(row[1]),
            filled_quantity=row[2],
            filled_amount=row[3],
            symbol=row[4],
        )
        for row in answer.rows()
        if row[0] in orders
    }


def begin_awaiting(orders: Mapping[UUID, WorkingOrder]) -> Callable[[], Awaiting]:
    """Send the look at who waits for orders to end; those are locked before."""
    portfolio_ids = array(list({order.portfolio_id: None for order in orders.values()}))
    answer = send(AWAITING, [portfolio_ids, portfolio_ids])

    def awaiting() -> Awaiting:
        rows = answer.rows()
        return Awaiting(
            closings=frozenset(row[0] for row in rows if row[1] == "closing"),
            resets=frozenset(row[0] for row in rows if row[1] == "reset"),
        )

    return awaiting


def update_orders(orders: Iterable[Progress], *, now: datetime) -> None:
    run(UPDATE_ORDERS, now, rows=(_order_row(progress, now) for progress in orders))


def update_stops(
    moves: Mapping[UUID, StopMove],
    triggered: Sequence[Triggered],
    *,
    orders: Mapping[UUID, WorkingOrder],
    shard: int,
    now: datetime,
) -> None:
    """Write where stops stand, and the triggering of those that were reached."""
    reached = {step.order.id: orders[step.order.id] for step in triggered}
    run(
        UPDATE_STOPS,
        rows=[
            (
                order_id,
                moves[order_id].stop_price if order_id in moves else None,
                moves[order_id].water_mark if order_id in moves else None,
                reached[order_id].worst_price if order_id in reached else None,
                now if order_id in reached else None,
            )
            for order_id in {**moves, **reached}
        ],
    )
    if triggered:
        _insert_own(CommandKind.TRIGGER, triggered, shard=shard, now=now)


def update_exits(
    steps: Sequence[Woken | Reduced],
    *,
    orders: Mapping[UUID, WorkingOrder],
    shard: int,
    now: datetime,
) -> None:
    """Write what exits are for by now, and the activation of those that slept."""
    woken = {step.order.id: step for step in steps if isinstance(step, Woken)}
    rows = [
        (order_id, orders[order_id].quantity, now if order_id in woken else None)
        for order_id in dict.fromkeys(step.order.id for step in steps)
    ]
    run(UPDATE_EXITS, rows=rows)
    if woken:
        _insert_own(CommandKind.ACTIVATE, list(woken.values()), shard=shard, now=now)


def _insert_own(
    kind: CommandKind, steps: Sequence[Triggered] | Sequence[Woken], *, shard: int, now: datetime
) -> None:
    rows = [(step.order.id, step.order.instrument_id, step.sequence) for step in steps]
    run(INSERT_OWN, kind.value, now, now, shard, rows=rows)


def update_replaced(steps: Sequence[Replaced], *, orders: Mapping[UUID, WorkingOrder]) -> None:
    """Write what orders took over, and from whom; their new statuses stand already."""
    taken = [(step.old_id, orders[step.order.id]) for step in steps]
    rows = [(old_id, order.id, order.quantity, order.filled_before) for old_id, order in taken]
    run(
        TAKE_OVER,
        rows=[(*row, step.keeps_place) for row, step in zip(rows, steps, strict=True)],
    )
    run(MAKE_WAY, rows=[row[:2] for row in rows])
    if leading := [row[:3] for row, step in zip(rows, steps, strict=True) if step.order.may_lead]:
        run(FOLLOW, rows=leading)


def insert_fills(fills: Sequence[NewFill], *, now: datetime) -> None:
    """Record the fills and what each leaves to be settled."""
    run(INSERT_FILLS, now, rows=map(_fill_row, fills))
    run(INSERT_SETTLEMENTS, rows=map(_settlement_row, fills))


def insert_events(events: Iterable[NewEvent], *, now: datetime) -> None:
    run(INSERT_EVENTS, now, rows=map(event_row, events))


def begin_finishing(
    sequences: Sequence[tuple[int, int]], *, shard: int, now: datetime
) -> Callable[[], int]:
    """Send what numbers the commands; the answer says how many were still waiting."""
    if not sequences:
        return lambda: 0
    answer = send(FINISH_COMMANDS, [shard, now, *columns_of(sequences, width=2)])
    return lambda: len(answer.rows())


def run(statement: str, *parameters: Any, rows: Iterable[Sequence[Any]]) -> None:
    """Run a statement over one or more rows, turned into one array per column."""
    execute(statement, [*parameters, *columns_of(rows, width=0)])


def _fill_row(fill: NewFill) -> tuple[Any, ...]:
    order = fill.order
    return (
        *(fill.id, fill.match_id, order.id, order.portfolio_id, order.instrument_id),
        *(order.side.value, fill.quantity, fill.price, fill.commission, fill.counterparty.value),
        *(fill.quote_at, fill.trade_date, fill.settlement_date, fill.entry.id),
    )


def _settlement_row(fill: NewFill) -> tuple[Any, ...]:
    return (new_id(), fill.order.portfolio_id, fill.id, fill.settlement_date)


def _order_row(progress: Progress, now: datetime) -> tuple[Any, ...]:
    return (
        *(progress.order.id, progress.status.value, progress.filled_quantity),
        *(progress.filled_amount, now if progress.is_finished else None, progress.priority),
        progress.reason,
    )


def event_row(event: NewEvent) -> tuple[Any, ...]:
    details = orjson.dumps(event.details).decode()
    return (event.order_id, event.kind.value, event.status.value, event.actor_id, details)
