"""What rates have done to the cost of what is held in other currencies, day after day. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from portfolio.bookkeeping.amounts import ZERO, product
from portfolio.position_days.instrument_days import InstrumentDays

if TYPE_CHECKING:
    from portfolio.valuations.valuing import Market


class OpenCosts:
    """Costs of open units by instrument, asked for one ascending day after another."""

    def __init__(
        self, changes: Mapping[int, InstrumentDays], market: Market, *, start: date
    ) -> None:
        self._market = market
        self._changes = {
            key: moved.days for key, moved in changes.items() if market.is_foreign(key)
        }
        self._costs = dict.fromkeys(self._changes, (ZERO, ZERO))
        for key, days in self._changes.items():
            for day in days:
                if day < start:
                    self._add(key, day)

    def effect_on(self, day: date) -> Decimal | None:
        """None where something is held whose currency has no rate that day."""
        total: Decimal | None = ZERO
        for key in self._changes:
            self._add(key, day)
            effect = effect_of(*self._costs[key], self._market.rate_for(key))
            total = None if total is None or effect is None else total + effect
        return total

    def _add(self, key: int, day: date) -> None:
        if (one := self._changes[key].get(day)) is not None:
            local_cost, cost = self._costs[key]
            self._costs[key] = (local_cost + one.local_cost, cost + one.cost)


def effect_of(local_cost: Decimal, cost: Decimal, rate: Decimal | None) -> Decimal | None:
    """What rates have done to the cost of open units since they were acquired."""
    if not local_cost and not cost:
        return ZERO
    return None if rate is None else product(local_cost, rate) - cost
