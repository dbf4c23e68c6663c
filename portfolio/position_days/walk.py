"""What each position was worth, day by day, by a plain walk over the calendar. Pure.

This is what a stored position-day means; whatever computes the same faster is compared with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from portfolio.bookkeeping.amounts import ZERO, ten_places
from portfolio.position_days.instrument_days import InstrumentDay, InstrumentDays
from portfolio.valuations.open_costs import effect_of
from portfolio.valuations.valuing import NO_PRICE, NO_RATE, ONE_DAY, Market

NOTHING: Final = InstrumentDay()
NULL: Final = "\\N"


@dataclass(frozen=True, slots=True)
class PositionDay:
    """One position at the end of one day; see ``portfolio.models.PositionValuation``."""

    instrument_id: int
    date: date
    quantity: Decimal
    price: Decimal | None
    rate: Decimal | None
    market_value: Decimal | None
    cost: Decimal
    flow: InstrumentDay
    currency_effect: Decimal | None

    @property
    def gap(self) -> str:
        """The code of what is missing, a price before a rate."""
        if self.market_value is not None:
            return ""
        return NO_PRICE if self.price is None else NO_RATE


def value_positions(
    changes: Mapping[int, InstrumentDays],
    market: Market,
    *,
    start: date,
    through: date,
) -> Iterator[PositionDay]:
    """Value every position on each day on which it was held or something happened to it.

    Args:
        changes: of each instrument, those before ``start`` as well.

    Returns:
        Position-days by instrument, then ascending by day.
    """
    for instrument_id in sorted(changes):
        moved = changes[instrument_id]
        yield from value_position(instrument_id, moved, market, start=start, through=through)


def value_position(
    instrument_id: int,
    changes: InstrumentDays,
    market: Market,
    *,
    start: date,
    through: date,
) -> Iterator[PositionDay]:
    """One instrument of ``value_positions``."""
    before = [one for day, one in changes.days.items() if day < start]
    quantity = sum((one.units for one in before), ZERO)
    cost = sum((one.cost for one in before), ZERO)
    local_cost = sum((one.local_cost for one in before), ZERO)
    is_foreign, day = market.is_foreign(instrument_id), start
    while day <= through:
        market.day = day
        one = changes.days.get(day, NOTHING)
        quantity, cost = quantity + one.units, cost + one.cost
        local_cost += one.local_cost
        if quantity or one != NOTHING:
            price, rate = market.price_of(instrument_id), market.rate_for(instrument_id)
            yield PositionDay(
                *(instrument_id, day, quantity, price, rate),
                market_value=market.worth_of(instrument_id, quantity) if quantity else ZERO,
                cost=cost,
                flow=one,
                currency_effect=effect_of(local_cost, cost, rate) if is_foreign else ZERO,
            )
        day += ONE_DAY


def copied(portfolio_id: UUID, day: PositionDay) -> str:
    """The line that COPY tells of a stored position-day; the same numbers are the same text."""
    known = day.currency_effect
    return "\t".join(
        (
            f"{portfolio_id}\t{day.instrument_id}\t{day.date}\t{day.quantity:z.10f}",
            NULL if day.price is None else f"{ten_places(day.price):z.10f}",
            NULL if day.rate is None else f"{day.rate:.20f}",
            NULL if day.market_value is None else f"{day.market_value:z.10f}",
            f"{day.cost:z.10f}\t{flow_text(day.flow)}",
            NULL if known is None else f"{known:z.10f}",
            day.gap,
        )
    )


def flow_text(flow: InstrumentDay) -> str:
    """The columns of what crossed between a position and the rest of its portfolio."""
    inflow = NULL if flow.inflow is None else f"{flow.inflow:z.10f}"
    outflow = NULL if flow.outflow is None else f"{flow.outflow:z.10f}"
    charges = f"{flow.charges:z.10f}\t{flow.trade_charges:z.10f}"
    return f"{inflow}\t{outflow}\t{flow.income:z.10f}\t{charges}"
