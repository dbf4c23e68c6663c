"""Lots, closures and positions kept in step with the ledger, in sets.

Whoever applies trades has posted them in the same transaction, so it holds the lock of the
units' balance, and nobody else changes the lots of that pair meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

from accounts.errors import Problem
from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.bulk import columns_of, execute, fetch_rows, send
from portfolio.bookkeeping.drafts import EntryDraft, EntryKind
from portfolio.bookkeeping.lot_writing import closure_rows, forget_holdings, write_holdings
from portfolio.corporate_actions.restatements import restate
from portfolio.corporate_actions.unit_events import (
    Pair,
    destinations_of,
    read_trades,
    trade_of_draft,
)
from portfolio.errors import ActivityRefused, InsufficientUnits
from portfolio.lots import Method, OpenLot
from portfolio.models.portfolios import PortfolioKind
from portfolio.positions import Holding, hold
from portfolio.stored_lots import stored_lots
from portfolio.trades import Trade

# What the fold of each pair goes by, and the trade that was applied to it last.
PAIRS: Final = """
SELECT w.portfolio_id, w.instrument_id, p.kind, p.currency, p.lot_method,
    n.latest_trade_at, n.latest_entry_id, coalesce(n.needs_history, false)
FROM unnest(%s::uuid[], %s::int[]) AS w (portfolio_id, instrument_id)
JOIN portfolio_portfolio AS p ON p.id = w.portfolio_id
LEFT JOIN portfolio_position AS n
    ON n.portfolio_id = w.portfolio_id AND n.instrument_id = w.instrument_id
"""
# The oldest open lots of each pair, as many as the units sold can reach.
OPEN_LOTS: Final = """
SELECT portfolio_id, instrument_id, id, opened_at, quantity, cost, remaining_quantity,
    remaining_cost, currency, closed_at, local_cost
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
IN_A_RING: Final = (
    "these units would come from where they go to at that moment, and from nowhere else;"
    " give the transfers other times, or say what the units cost"
)
CARRIED_NOW: Final = """
SELECT lot_id, closing_entry_id, closed_at, quantity, cost, proceeds, carried_quantity
FROM portfolio_lotclosure WHERE closing_entry_id = ANY(%s)
"""
MARK_DESTINATIONS_STALE: Final = """
UPDATE portfolio_portfolio AS p SET valuations_stale_from = d.stale_from
FROM (
    SELECT i.portfolio_id, min((i.occurred_at AT TIME ZONE 'UTC')::date) AS stale_from
    FROM portfolio_journalentry AS e JOIN portfolio_journalentry AS i
        ON i.kind = 'transfer_in' AND i.instrument_id = e.instrument_id
        AND i.quantity = e.quantity
        AND (i.external_id = e.external_id OR i.occurred_at = e.occurred_at)
    WHERE e.id = ANY(%s) AND e.kind = 'transfer_out' GROUP BY i.portfolio_id
) AS d
WHERE p.id = d.portfolio_id
    AND (p.valuations_stale_from IS NULL OR p.valuations_stale_from > d.stale_from)
"""


@dataclass(frozen=True, slots=True)
class PairState:
    """What the fold of a pair goes by; ``latest`` is the trade applied last, if there was one."""

    is_paper: bool
    currency: str
    method: Method
    latest: tuple[datetime, UUID] | None
    needs_history: bool


def apply_trades(entries: Sequence[EntryDraft]) -> None:
    """Maintain lots, closures and positions for newly posted entries; others are passed over.

    A fixed number of statements for any number of trades. A trade that sorts before one applied
    earlier makes its pair be rebuilt, and so does whatever else changes units.

    Raises:
        ActivityRefused: see ``rebuild_pairs``.
        InsufficientUnits: some sale of a paper portfolio exceeds what was held at its time.
    """
    begin_trades(entries)(entries)


def begin_trades(drafts: Iterable[EntryDraft]) -> Callable[[Iterable[EntryDraft]], None]:
    """Ask what ``apply_trades`` needs to know; the answer applies those that were posted.

    The balances of all of them must be locked by then.
    """
    expected = group_by_pair(drafts)
    if not expected:
        return lambda _: None
    read_states, read_lots = seek_states(expected), seek_open_lots(expected)

    def apply(posted: Iterable[EntryDraft]) -> None:
        changed = group_by_pair(posted)
        if not changed:
            return
        states, lots = read_states(), read_lots()
        late = {pair for pair, new in changed.items() if needs_rebuild(new, states[pair])}
        holdings = {}
        for pair in changed.keys() - late:
            base = states[pair].currency
            trades = [trade_of_draft(one, base_currency=base) for one in changed[pair]]
            holdings[pair] = hold(trades, lots=lots[pair])
        refuse_missing(holdings, states)
        write_holdings(holdings)
        restate(effects_of(holdings))
        rebuild_pairs(late)

    return apply


def rebuild_pairs(pairs: Iterable[Pair]) -> None:
    """Derive lots, closures and positions of the pairs anew from their entries.

    Lots that a transfer or a spin-off carried elsewhere are derived anew there as well.

    Raises:
        ActivityRefused: transfers bring what they took, at one moment.
        InsufficientUnits: some sale of a paper portfolio exceeds what was held at its time.
    """
    pending = set(pairs)
    seen: set[UUID] = set()
    rounds = 0
    while pending:
        rounds += 1
        wanted = sorted(pending, key=str)
        states = states_of(wanted)
        holdings = derive_holdings(wanted, states)
        refuse_missing(holdings, states)
        moved = moved_carriers(holdings)
        forget_holdings(wanted)
        write_holdings(holdings)
        restate(effects_of(holdings), anew=wanted)
        seen |= moved
        # Each round settles at least one more transfer in time, so there are no more rounds than
        # transfers, unless some bring what they took: lots of no origin, which never settle.
        if rounds > len(seen) + 1:
            raise ActivityRefused([Problem("occurred_at", "in_a_ring", IN_A_RING)])
        pending = destinations_of(moved) if moved else set()
        if pending:
            mark_carried_stale(moved)


def moved_carriers(holdings: Mapping[Pair, Holding]) -> set[UUID]:
    """Entries that now carry other lots than those stored of them."""
    carriers = {entry_id for holding in holdings.values() for entry_id in holding.carriers}
    if not carriers:
        return set()
    before: dict[UUID, set[tuple[Any, ...]]] = defaultdict(set)
    for row in fetch_rows(CARRIED_NOW, [sorted(carriers)]):
        before[row[1]].add(row)
    after: dict[UUID, set[tuple[Any, ...]]] = defaultdict(set)
    for row in closure_rows(holdings.values()):
        if row[1] in carriers:
            after[cast("UUID", row[1])].add(row)
    return {entry_id for entry_id in carriers if before[entry_id] != after[entry_id]}


def mark_carried_stale(entry_ids: Iterable[UUID]) -> None:
    """Valuations of the portfolios that the lots went to are wrong from then on."""
    execute(MARK_DESTINATIONS_STALE, [list(entry_ids)])


def derive_holdings(
    pairs: Sequence[Pair], states: Mapping[Pair, PairState] | None = None
) -> dict[Pair, Holding]:
    """What the pairs' entries amount to; a pair without trades is left out."""
    states = states_of(pairs) if states is None else states
    holdings = {}
    for pair, history in read_trades(pairs).items():
        holding = hold(history, method=states[pair].method)
        holding.needs_history = any(not is_plain(trade) for trade in history)
        holding.lots = stored_lots(holding.lots, holding.closures)
        holding.opened = holding.lots
        holdings[pair] = holding
    return holdings


def effects_of(holdings: Mapping[Pair, Holding]) -> dict[Pair, Mapping[UUID, Decimal]]:
    return {pair: holding.effects for pair, holding in holdings.items()}


def is_plain(trade: Trade) -> bool:
    """Whether the trade can be applied to what is open, without knowing what was before."""
    return trade.kind in EntryKind.trades() and not trade.picks


def group_by_pair(entries: Iterable[EntryDraft]) -> dict[Pair, list[EntryDraft]]:
    changed: dict[Pair, list[EntryDraft]] = defaultdict(list)
    for entry in entries:
        if entry.instrument_id is not None and entry.changes_units:
            changed[entry.portfolio_id, entry.instrument_id].append(entry)
            if entry.source_instrument_id is not None:
                changed[entry.portfolio_id, entry.source_instrument_id].append(entry)
    return changed


def states_of(pairs: Iterable[Pair]) -> dict[Pair, PairState]:
    return seek_states(pairs)()


def seek_states(pairs: Iterable[Pair]) -> Callable[[], dict[Pair, PairState]]:
    answer = send(PAIRS, columns_of(pairs, width=2))
    return lambda: {(row[0], row[1]): state_in(row[2:]) for row in answer.rows()}


def state_in(row: Sequence[Any]) -> PairState:
    kind, currency, method, latest_at, latest_id, needs_history = row
    latest = None if latest_at is None else (latest_at, latest_id)
    return PairState(kind == PortfolioKind.PAPER, currency, Method(method), latest, needs_history)


def needs_rebuild(new: Sequence[EntryDraft], state: PairState) -> bool:
    """Whether something new cannot just be applied to the lots that are open."""
    if state.needs_history or state.method != Method.FIFO:
        return True
    if any(not entry.is_trade or entry.lots for entry in new):
        return True
    if state.latest is None:
        return False
    first = min((entry.occurred_at, entry.id) for entry in new)
    # Of one moment a sale may have to wait for what comes in, see ``hold``; on paper none has to.
    is_at_once = first[0] == state.latest[0] and not state.is_paper
    return is_at_once or first < state.latest


def seek_open_lots(
    entries: Mapping[Pair, Sequence[EntryDraft]],
) -> Callable[[], Mapping[Pair, list[OpenLot]]]:
    """The oldest open lots of each pair that sells, enough to cover what is sold."""
    sold = {pair: units_sold(of_pair) for pair, of_pair in entries.items()}
    wanted = [(*pair, quantity) for pair, quantity in sold.items() if quantity]
    answer = send(OPEN_LOTS, columns_of(wanted, width=3)) if wanted else None

    def read() -> Mapping[Pair, list[OpenLot]]:
        lots: dict[Pair, list[OpenLot]] = defaultdict(list)
        for row in answer.rows() if answer else ():
            lot = OpenLot(*row[2:])
            lot.local_cost = lot.cost if row[10] is None else row[10]
            lots[row[0], row[1]].append(lot)
        return lots

    return read


def units_sold(entries: Iterable[EntryDraft]) -> Decimal:
    sales = (one.quantity or ZERO for one in entries if one.kind == EntryKind.SELL)
    return sum(sales, ZERO)


def refuse_missing(holdings: Mapping[Pair, Holding], states: Mapping[Pair, PairState]) -> None:
    """Raises:
    InsufficientUnits: a paper portfolio sold what it did not hold.
    """
    for pair, holding in holdings.items():
        if not states[pair].is_paper:
            continue
        for move in holding.moves:
            if move.missing_quantity:
                raise InsufficientUnits(
                    portfolio_id=pair[0],
                    needed=move.found_quantity + move.missing_quantity,
                    available=move.found_quantity,
                    instrument_id=pair[1],
                )
