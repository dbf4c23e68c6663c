"""What each portfolio brings to a union that is measured in one currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from portfolio.bookkeeping.amounts import ZERO, product
from portfolio.models import Portfolio
from portfolio.returns.drivers import Drivers
from portfolio.returns.driving import Driven
from portfolio.returns.facts import PeriodFacts
from portfolio.returns.periods import ONE_DAY
from portfolio.valuations.valuing import DayFlow

ONE: Final = Decimal(1)
CHARGES: Final = ("income", "fees", "taxes", "trade_fees", "trade_taxes")


class Rates:
    """What one of a portfolio's currency is in the union's, by day."""

    def __init__(self, by_day: Mapping[date, Decimal] | None) -> None:
        self._by_day = by_day  # None: it is the same currency

    @property
    def is_same_currency(self) -> bool:
        return self._by_day is None

    def on(self, day: date) -> Decimal | None:
        return ONE if self._by_day is None else self._by_day.get(day)

    def convert(self, amount: Decimal | None, day: date) -> Decimal | None:
        """Nothing is worth nothing, whatever the rate."""
        if not amount or self._by_day is None:
            return amount
        rate = self.on(day)
        return None if rate is None else product(amount, rate)


@dataclass(frozen=True, slots=True)
class Part:
    """One portfolio of the union, read and driven in its own currency.

    ``drivers`` are in the union's; None where its own are not known, or a rate is not. ``moved`` is
    the cost that transfers within the union brought, less what they took, at their days' rates:
    they are no flows, so the portfolio's own identity leaves just that open.
    """

    portfolio: Portfolio
    facts: PeriodFacts
    driven: Driven
    rates: Rates
    drivers: Drivers | None
    moved: Decimal | None


def moved_within(transfers: Mapping[date, DayFlow], rates: Rates) -> Decimal | None:
    """See ``Part.moved``; None where a price or a rate is missing."""
    total: Decimal | None = ZERO
    for day, flow in transfers.items():
        total = plus(total, rates.convert(cost_of(flow), day))
    return total


def cost_of(flow: DayFlow) -> Decimal | None:
    """What came without being paid for, at its cost; < 0 where more left."""
    if flow.inflow is None or flow.outflow is None or flow.carried_gain is None:
        return None
    return flow.inflow - flow.outflow - flow.carried_gain


def converted_drivers(
    driven: Driven, facts: PeriodFacts, rates: Rates, transfers: Mapping[date, DayFlow]
) -> Drivers | None:
    """One portfolio's drivers in the union's currency; None where a rate is missing."""
    drivers = driven.drivers
    if drivers is None or rates.is_same_currency:
        return drivers
    sums: dict[str, Decimal | None] = dict.fromkeys(("inflow", "outflow", *CHARGES), ZERO)
    for day, of_day in facts.money.items():
        for name, total in sums.items():
            sums[name] = plus(total, rates.convert(getattr(of_day, name), day))
    realised: Decimal | None = ZERO
    for one in driven.realised:
        realised = plus(realised, rates.convert(one.gain, one.closed_at.date()))
    moved = {
        "start_value": rates.convert(drivers.start_value, facts.start - ONE_DAY),
        "end_value": rates.convert(drivers.end_value, facts.end),
        "unrealised_gain": rates.convert(drivers.unrealised_gain, facts.end),
        "realised_gain": realised,
        **sums,
    }
    known = {name: value for name, value in moved.items() if value is not None}
    own, brought = moved_within(transfers, Rates(None)), moved_within(transfers, rates)
    if len(known) < len(moved) or own is None or brought is None:
        return None
    gap = plus(rates.convert(drivers.identity_gap - own, facts.end), brought)
    if gap is None:
        return None
    # The rest is what rates did to all of these between their days and the end. Whatever the
    # portfolio's own identity leaves open stays open.
    before = Drivers(**known, currency_effect=ZERO)
    return Drivers(**known, currency_effect=before.identity_gap - gap)


def plus(amount: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if amount is None or other is None else amount + other
