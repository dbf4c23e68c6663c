"""What sales gained within a period: against the value at its start, not against cost.

Units bought within the period count at their cost, older ones at what they were worth when the
period began. A gain against acquisition cost is another number, see ``gains``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from portfolio.bookkeeping.amounts import EXACT
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.models import Portfolio
from portfolio.returns.gains import RealisedGain
from portfolio.trades import Trade
from portfolio.valuations.past_positions import market_on


def period_gains(
    portfolio: Portfolio,
    realised: Sequence[RealisedGain],
    trades: Mapping[int, Iterable[Trade]],
    *,
    start: date,
) -> list[Decimal | None]:
    """One for each realised gain; None where the units had no price, or it no rate, at the start.

    Args:
        trades: of each instrument, because splits change what one of the units was then.
    """
    older = {one.instrument_id for one in realised if one.opened_at.date() < start}
    before = start - timedelta(days=1)
    market = market_on(portfolio, sorted(older), before) if older else None
    gains: list[Decimal | None] = []
    for one in realised:
        if market is None or one.opened_at.date() >= start:
            gains.append(one.gain)
            continue
        units = units_at_start(one, trades.get(one.instrument_id, ()), start=start)
        worth = market.worth_of(one.instrument_id, units)
        gains.append(None if worth is None else one.proceeds - worth)
    return gains


def units_at_start(one: RealisedGain, trades: Iterable[Trade], *, start: date) -> Decimal:
    """How many units those that were sold were before the period's splits."""
    units = one.quantity
    for trade in trades:
        is_between = start <= trade.occurred_at.date() and trade.occurred_at < one.closed_at
        if trade.kind == EntryKind.SPLIT and is_between and trade.ratio_from and trade.ratio_to:
            units = EXACT.divide(EXACT.multiply(units, trade.ratio_from), trade.ratio_to)
    return units
