"""What happened to each instrument of a portfolio, day by day, read from the books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from accounts.utc_days import utc_midnight
from market.currencies.currency_units import major_of
from market.models import Instrument
from portfolio.bookkeeping.amounts import ZERO, share
from portfolio.bookkeeping.bulk import array, fetch_rows
from portfolio.corporate_actions.unit_events import read_trades
from portfolio.models import Portfolio, Position, UnitMove
from portfolio.position_days.income import read_income
from portfolio.position_days.instrument_days import (
    Earned,
    EarnedByDay,
    InstrumentDays,
    Moved,
    Worth,
    note_spin_offs,
    note_trades,
)
from portfolio.position_days.plain_trades import note_plain_trades
from portfolio.trades import Trade
from portfolio.valuations.valuing import DayChange

Days = defaultdict[int, InstrumentDays]  # by instrument

# Every lot with each of its closures, or with none.
LOCAL_COSTS: Final = """
SELECT l.instrument_id, l.id, (coalesce(l.acquired_at, l.opened_at) AT TIME ZONE 'UTC')::date,
    l.cost, coalesce(l.local_cost, l.cost), (c.closed_at AT TIME ZONE 'UTC')::date, c.cost
FROM portfolio_lot AS l LEFT JOIN portfolio_lotclosure AS c ON c.lot_id = l.id
WHERE l.portfolio_id = %s AND l.instrument_id = ANY(%s::int[])
ORDER BY l.instrument_id, l.id, c.closed_at, c.closing_entry_id
"""


def read_moved(
    portfolio: Portfolio,
    changes: Mapping[date, DayChange],
    worth: Worth,
    *,
    start: date,
    end: date,
    one_by_one: bool = False,
) -> Moved:
    """Everything that moved units, cost or money of instruments until a day, and all income.

    Units and costs are complete from the first day on; flows, income and charges only from
    ``start`` on. Seven queries at most.

    Args:
        changes: of the whole portfolio, see ``changes_by_day``.
        worth: what units were worth on a day, for those that came or left without money.
        one_by_one: plain trades, too, which the database adds up otherwise.
    """
    ever = list(
        Position.objects.filter(portfolio=portfolio).values_list("instrument_id", flat=True)
    )
    pairs = [(portfolio.id, instrument_id) for instrument_id in ever]
    trades = {
        pair[1]: [one for one in of_pair if one.occurred_at > portfolio.counts_from]
        for pair, of_pair in read_trades(pairs, start=start, end=end, with_plain=one_by_one).items()
    }
    found: Days = defaultdict(InstrumentDays)
    note_held(found, portfolio, changes, end=end)
    note_local_costs(found, portfolio, foreign_instruments(portfolio, ever), end=end)
    earned: EarnedByDay = defaultdict(Earned)
    if not one_by_one:
        earned = note_plain_trades(found, portfolio, start=start, end=end)
    note_flows(found, trades, worth)
    note_moves(found, portfolio, worth, start=start, end=end)
    for one in read_income(portfolio, start=start, end=end, with_plain=one_by_one):
        one.add_to(earned[one.date])
        if one.position is not None:
            one.add_to_position(found[one.position].on(one.date))
    return Moved(dict(found), dict(earned))


def note_held(
    found: Days, portfolio: Portfolio, changes: Mapping[date, DayChange], *, end: date
) -> None:
    """A reset left nothing of what was there before it; its day begins with nothing held."""
    begin = portfolio.counts_from.date()
    for day, change in changes.items():
        if day > end:
            continue
        for instrument_id, quantity in change.units.items():
            found[instrument_id].on(max(day, begin)).units += quantity
        for instrument_id, cost in change.costs.items():
            found[instrument_id].on(max(day, begin)).cost += cost


def foreign_instruments(portfolio: Portfolio, ids: Collection[int]) -> list[int]:
    """Those that are priced in another currency; hundredths of the same are not."""
    found = Instrument.objects.filter(id__in=ids).order_by("id").values_list("id", "currency")
    return [key for key, currency in found if major_of(currency) != portfolio.currency]


def note_local_costs(
    found: Days, portfolio: Portfolio, foreign: Sequence[int], *, end: date
) -> None:
    """Of a lot that is partly used up, its local cost is the same part of what it was."""
    if not foreign:
        return
    begin, lot_id, left = portfolio.counts_from.date(), None, ZERO
    for row in fetch_rows(LOCAL_COSTS, [portfolio.id, array(foreign)]):
        instrument_id, key, opened_on, cost, local, closed_on, used = row
        if key != lot_id:
            lot_id, left = key, cost
            if opened_on <= end:
                of_day = found[instrument_id].on(max(opened_on, begin))
                of_day.local_cost += local_part(local, left, cost)
        if closed_on is not None:
            before, left = local_part(local, left, cost), left - used
            if closed_on <= end:
                of_day = found[instrument_id].on(max(closed_on, begin))
                of_day.local_cost -= before - local_part(local, left, cost)


def local_part(local: Decimal, left: Decimal, cost: Decimal) -> Decimal:
    """See ``portfolio.models.Lot.remaining_local_cost``."""
    return share(local, part=left, whole=cost) if left else ZERO


def note_flows(found: Days, trades: Mapping[int, Sequence[Trade]], worth: Worth) -> None:
    for instrument_id in trades:
        found[instrument_id] = found.get(instrument_id, InstrumentDays())
    note_trades(found, trades)
    note_spin_offs(found, trades, worth)


def note_moves(found: Days, portfolio: Portfolio, worth: Worth, *, start: date, end: date) -> None:
    """Units that came or left without being bought or sold, at what they were worth."""
    moves = UnitMove.objects.filter(portfolio=portfolio, occurred_at__gt=portfolio.counts_from)
    begins_at, ends_at = utc_midnight(start), utc_midnight(end + timedelta(days=1))
    moves = moves.filter(occurred_at__gte=begins_at, occurred_at__lt=ends_at)
    for move in moves.order_by("occurred_at", "entry_id", "instrument_id"):
        day, value = move.occurred_at.date(), move.value
        if value is None:
            value = worth(move.instrument_id, move.quantity, day)
        found[move.instrument_id].on(day).add(value)
