"""What changed units or their cost, read from the journal as the fold of ``positions`` takes it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from market.currencies.currency_units import MINOR_UNITS
from portfolio.bookkeeping.amounts import EXACT, ZERO, product, ten_places
from portfolio.bookkeeping.bulk import columns_of, fetch_rows
from portfolio.bookkeeping.drafts import EntryDraft, EntryKind, LotFact, in_settled
from portfolio.lots import LotPick
from portfolio.trades import ArrivingLot, Trade

Pair = tuple[UUID, int]  # portfolio, instrument
ONE: Final = Decimal(1)

COLUMNS: Final = """e.id, e.kind, e.occurred_at, e.quantity, e.amount, e.fees, e.taxes,
    e.currency, e.exchange_rate, e.base_rate, e.local_rate, e.ratio_from, e.ratio_to,
    e.cost_share, e.lots, p.currency"""
STANDS: Final = """NOT EXISTS (
        SELECT 1 FROM portfolio_journalentry AS reversal WHERE reversal.reverses_id = e.id)"""
# Purchases and sales whose money is what was reported of it: at no rate, and in no hundredths.
PLAIN: Final = f"""e.kind IN ('buy', 'sell') AND e.exchange_rate IS NULL AND e.base_rate = 1
    AND e.currency NOT IN ({", ".join(f"'{code}'" for code in MINOR_UNITS)})"""
# The list of kinds is written out, so that the index of unit changes serves.
EVENTS: Final = f"""
SELECT e.portfolio_id, e.instrument_id, false, {COLUMNS}
FROM unnest(%(portfolios)s::uuid[], %(instruments)s::int[]) AS w (portfolio_id, instrument_id)
JOIN portfolio_journalentry AS e USING (portfolio_id, instrument_id)
JOIN portfolio_portfolio AS p ON p.id = e.portfolio_id
WHERE e.kind IN ('buy', 'sell', 'split', 'spin_off', 'transfer_in', 'transfer_out', 'adjustment')
    AND (%(with_plain)s OR NOT ({PLAIN}))
    AND {STANDS} AND (%(end)s::date IS NULL
        OR e.occurred_at < (%(end)s::date + 1)::timestamp AT TIME ZONE 'UTC')
    AND (%(start)s::date IS NULL OR e.occurred_at >= %(start)s::date::timestamp AT TIME ZONE 'UTC')
UNION ALL
SELECT e.portfolio_id, e.source_instrument_id, true, {COLUMNS}
FROM unnest(%(portfolios)s::uuid[], %(instruments)s::int[]) AS w (portfolio_id, instrument_id)
JOIN portfolio_journalentry AS e
    ON e.portfolio_id = w.portfolio_id AND e.source_instrument_id = w.instrument_id
JOIN portfolio_portfolio AS p ON p.id = e.portfolio_id
WHERE e.kind = 'spin_off' AND {STANDS} AND (%(end)s::date IS NULL
        OR e.occurred_at < (%(end)s::date + 1)::timestamp AT TIME ZONE 'UTC')
    AND (%(start)s::date IS NULL OR e.occurred_at >= %(start)s::date::timestamp AT TIME ZONE 'UTC')
"""
CARRIED: Final = """
SELECT w.entry_id, l.id, l.opened_at, coalesce(c.carried_quantity, c.quantity), c.cost,
    CASE WHEN l.cost = 0 THEN c.cost
        ELSE round(coalesce(l.local_cost, l.cost) * c.cost / l.cost, 10) END
FROM unnest(%s::uuid[], %s::uuid[]) AS w (entry_id, source_id)
JOIN portfolio_lotclosure AS c ON c.closing_entry_id = w.source_id
JOIN portfolio_lot AS l ON l.id = c.lot_id
ORDER BY w.entry_id, l.opened_at, coalesce(l.acquired_at, l.opened_at),
    -- What was bought is named after its entry. Names of what was carried say nothing.
    CASE WHEN l.acquired_at IS NULL THEN l.id END, c.quantity, c.cost, l.id
"""
# A transfer that came from another portfolio of the same owner is found by its external id, or
# by its very moment; so both sides may be recorded in any order. Between two currencies the side
# that came second has the rate: NULL means that it is the arrival, whose own rate counts.
SOURCES: Final = """
SELECT e.id, source.id, source.rate
FROM unnest(%s::uuid[]) AS w (id)
JOIN portfolio_journalentry AS e ON e.id = w.id
JOIN portfolio_portfolio AS p ON p.id = e.portfolio_id
JOIN LATERAL (
    SELECT o.id, CASE WHEN q.currency = coalesce(nullif(e.settled_currency, ''), e.currency)
        THEN NULL ELSE o.base_rate END AS rate
    FROM portfolio_journalentry AS o
    JOIN portfolio_portfolio AS q ON q.id = o.portfolio_id
    WHERE o.kind = 'transfer_out' AND o.instrument_id = e.instrument_id
        AND o.quantity = e.quantity AND q.owner_id = p.owner_id AND q.id <> p.id
        AND (q.currency = coalesce(nullif(e.settled_currency, ''), e.currency)
            OR p.currency = o.settled_currency)
        AND (o.external_id = e.external_id OR o.occurred_at = e.occurred_at)
        AND NOT EXISTS (
            SELECT 1 FROM portfolio_journalentry AS reversal WHERE reversal.reverses_id = o.id)
    ORDER BY o.external_id = e.external_id DESC, o.id LIMIT 1
) AS source ON true
WHERE e.kind = 'transfer_in'
"""
# Where the lots went that an entry took: to the other side of a transfer, or to a spin-off.
DESTINATIONS: Final = """
SELECT i.portfolio_id, i.instrument_id
FROM unnest(%s::uuid[]) AS w (id)
JOIN portfolio_journalentry AS e ON e.id = w.id AND e.kind = 'transfer_out'
JOIN portfolio_portfolio AS p ON p.id = e.portfolio_id
JOIN portfolio_journalentry AS i ON i.kind = 'transfer_in' AND i.instrument_id = e.instrument_id
    AND i.quantity = e.quantity AND i.portfolio_id <> e.portfolio_id
    AND (i.external_id = e.external_id OR i.occurred_at = e.occurred_at)
JOIN portfolio_portfolio AS q ON q.id = i.portfolio_id AND q.owner_id = p.owner_id
UNION
SELECT e.portfolio_id, e.instrument_id
FROM unnest(%s::uuid[]) AS w (id)
JOIN portfolio_journalentry AS e ON e.id = w.id AND e.kind = 'spin_off'
"""


class Event(NamedTuple):
    """A row of ``EVENTS``."""

    portfolio_id: UUID
    instrument_id: int
    is_source: bool  # of a spin-off: the instrument whose cost is shared
    entry_id: UUID
    kind: str
    occurred_at: datetime
    quantity: Decimal | None
    amount: Decimal | None
    fees: Decimal
    taxes: Decimal
    currency: str
    exchange_rate: Decimal | None
    base_rate: Decimal
    local_rate: Decimal
    ratio_from: Decimal | None
    ratio_to: Decimal | None
    cost_share: Decimal | None
    lots: str | None  # JSON, as portfolio.bookkeeping.drafts.LotFact has it
    base_currency: str

    @property
    def is_carried(self) -> bool:
        """Whether its lots come with it from elsewhere."""
        if self.kind == EntryKind.SPIN_OFF:
            return not self.is_source
        return self.kind == EntryKind.TRANSFER_IN and self.amount is None and not self.lots


def read_trades(
    pairs: Iterable[Pair],
    *,
    start: date | None = None,
    end: date | None = None,
    with_plain: bool = True,
) -> dict[Pair, list[Trade]]:
    """Everything that changed units of the pairs, in no order; three queries at most.

    Args:
        start: the first day of UTC that counts.
        end: the last.
        with_plain: those that ``PLAIN`` describes as well.
    """
    portfolios, instruments = columns_of(pairs, width=2)
    wanted = {"portfolios": portfolios, "instruments": instruments, "with_plain": with_plain}
    rows = fetch_rows(EVENTS, {**wanted, "start": start, "end": end})
    events = [Event(*row) for row in rows]
    carried = carried_lots([event for event in events if event.is_carried])
    trades: dict[Pair, list[Trade]] = defaultdict(list)
    for event in events:
        pair = (event.portfolio_id, event.instrument_id)
        trades[pair].append(trade_of(event, carried.get(event.entry_id, ())))
    return trades


def carried_lots(events: Sequence[Event]) -> Mapping[UUID, Sequence[ArrivingLot]]:
    """The lots that came with transfers and spin-offs, by entry, from where they were."""
    found: dict[UUID, list[ArrivingLot]] = defaultdict(list)
    if not events:
        return found
    sources = [(one.entry_id, one.entry_id) for one in events if one.kind == EntryKind.SPIN_OFF]
    transfers = [one.entry_id for one in events if one.kind == EntryKind.TRANSFER_IN]
    givers_rates: dict[UUID, Decimal] = {}
    if transfers:
        for entry_id, source_id, rate in fetch_rows(SOURCES, [transfers]):
            sources.append((entry_id, source_id))
            if rate is not None:
                givers_rates[entry_id] = rate
    rates = {one.entry_id: one.base_rate for one in events}
    for row in fetch_rows(CARRIED, columns_of(sources, width=2)):
        entry_id, lot_id, opened_at, quantity, cost, local_cost = row
        in_base = carried_cost(cost, rates[entry_id], givers_rate=givers_rates.get(entry_id))
        found[entry_id].append(ArrivingLot(quantity, in_base, local_cost, opened_at, lot_id))
    return found


def carried_cost(cost: Decimal, rate: Decimal, *, givers_rate: Decimal | None) -> Decimal:
    """A lot's cost in the currency of the portfolio that it came to.

    Args:
        rate: kept with the arrival, the taker's currency for one of the giver's.
        givers_rate: kept with the departure, the giver's for one of the taker's, where that was
            recorded second.
    """
    if givers_rate is not None:
        return ten_places(EXACT.divide(cost, givers_rate))
    return cost if rate == ONE else product(cost, rate)


def destinations_of(entry_ids: Iterable[UUID]) -> set[Pair]:
    """The pairs whose lots came with these entries."""
    ids = list(entry_ids)
    return {(row[0], row[1]) for row in fetch_rows(DESTINATIONS, [ids, ids])}


class Booking(NamedTuple):
    """In which currency money was reported, and what it is in others."""

    currency: str
    exchange_rate: Decimal | None
    base_rate: Decimal
    local_rate: Decimal

    def in_base(self, part: Decimal) -> Decimal:
        """In the portfolio's currency, rounded as the postings are."""
        settled = in_settled(part, self.currency, self.exchange_rate)
        return settled if self.base_rate == ONE else product(settled, self.base_rate)

    def in_local(self, part: Decimal) -> Decimal:
        """In the instrument's currency."""
        return part if self.local_rate == ONE else product(part, self.local_rate)


def booking_of(source: Event | EntryDraft) -> Booking:
    return Booking(source.currency, source.exchange_rate, source.base_rate, source.local_rate)


def moneys(source: Event | EntryDraft) -> tuple[Decimal, Decimal]:
    """Cost or net proceeds in the portfolio's and in the instrument's currency."""
    booking, amount = booking_of(source), source.amount or ZERO
    sign = -1 if source.kind == EntryKind.SELL else 1
    charges = booking.in_base(source.fees) + booking.in_base(source.taxes)
    net = amount + sign * (source.fees + source.taxes)
    return booking.in_base(amount) + sign * charges, booking.in_local(net)


def trade_of(event: Event, carried: Sequence[ArrivingLot]) -> Trade:
    money, local_money = moneys(event)
    facts = [LotFact.from_plain(plain) for plain in json.loads(event.lots or "[]")]
    return Trade(
        entry_id=event.entry_id,
        kind=EntryKind(event.kind),
        occurred_at=event.occurred_at,
        quantity=event.quantity or ZERO,
        money=money,
        currency=event.base_currency,
        local_money=local_money,
        ratio_from=event.ratio_from,
        ratio_to=event.ratio_to,
        cost_share=event.cost_share if event.is_source else None,
        picks=picks_of(facts),
        arriving=tuple(carried) if event.is_carried else arriving_of(facts, event),
    )


def trade_of_draft(draft: EntryDraft, *, base_currency: str) -> Trade:
    """A buy or a sell just posted, as it will be read again."""
    money, local_money = moneys(draft)
    return Trade(
        entry_id=draft.id,
        kind=draft.kind,
        occurred_at=draft.occurred_at,
        quantity=draft.quantity or ZERO,
        money=money,
        currency=base_currency,
        local_money=local_money,
    )


def picks_of(facts: Iterable[LotFact]) -> tuple[LotPick, ...]:
    return tuple(LotPick(one.lot_id, one.quantity) for one in facts if one.lot_id is not None)


def arriving_of(facts: Sequence[LotFact], event: Event) -> tuple[ArrivingLot, ...] | None:
    """The lots that a transfer says it brings; None where it brings one at its own cost."""
    if event.kind == EntryKind.SELL or not facts:
        return None
    booking = booking_of(event)
    return tuple(
        ArrivingLot(
            one.quantity,
            booking.in_base(one.cost or ZERO),
            booking.in_local(one.cost or ZERO),
            one.opened_at or event.occurred_at,
        )
        for one in facts
    )
