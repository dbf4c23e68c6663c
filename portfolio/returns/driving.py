"""What made a portfolio's value change over a period, from its facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from portfolio.bookkeeping.amounts import ZERO, product
from portfolio.returns.drivers import Drivers
from portfolio.returns.facts import DayMoney, PeriodFacts
from portfolio.returns.gains import Method, OpenCost, RealisedGain, gains_of
from portfolio.returns.periods import ONE_DAY
from portfolio.trades import Trade

Costs = dict[date, dict[int, OpenCost]]  # by day and instrument


def realise(
    trades: Mapping[int, Iterable[Trade]],
    method: Method,
    *,
    start: date,
    cost_dates: Sequence[date],
) -> tuple[list[RealisedGain], Costs]:
    """Gains realised from ``start`` on, and what was held at the end of some days had cost."""
    realised: list[RealisedGain] = []
    costs: Costs = {day: {} for day in cost_dates}
    for instrument_id, of_instrument in trades.items():
        found = gains_of(instrument_id, of_instrument, method, days=cost_dates)
        realised += [one for one in found.realised if one.closed_at.date() >= start]
        for day in costs:
            costs[day][instrument_id] = found.open_costs[day]
    realised.sort(key=lambda one: (one.closed_at, one.closing_entry_id, one.opened_at))
    return realised, costs


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrealised:
    """What the change of unrealised gains and the currency effect are made of."""

    end_value: Decimal  # of what is held, without cash
    end_cost: Decimal
    start_value: Decimal
    start_cost: Decimal
    carried_gain: Decimal  # that came with units, less what left with them
    effect_on_cost: Decimal  # what rates did to the cost of open units
    effect_on_cash: Decimal

    @property
    def change(self) -> Decimal:
        """What prices alone did."""
        gain = self.end_value - self.end_cost - self.start_value + self.start_cost
        return gain - self.carried_gain - self.effect_on_cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """What made a value change; ``drivers`` are None for ``reason``."""

    drivers: Drivers | None
    unrealised: Unrealised | None = None  # of a single portfolio
    reason: str | None = None
    realised: Sequence[RealisedGain] = ()


def drive(facts: PeriodFacts, realised: Sequence[RealisedGain], costs: Costs) -> Driven:
    """What made the value change, or why that is not known."""
    before = facts.start - ONE_DAY
    first, final = facts.worth_on(before), facts.worth_on(facts.end)
    if first.cash is None or first.market_value is None:
        reason = f"{first.gap or 'no_price'}_at_start"
        return Driven(drivers=None, reason=reason, realised=realised)
    if final.cash is None or final.market_value is None:
        reason = f"{final.gap or 'no_price'}_at_end"
        return Driven(drivers=None, reason=reason, realised=realised)
    money = totals(facts.money.values())
    if money is None:
        return Driven(drivers=None, reason="no_price", realised=realised)
    rates_at = facts.currencies.rates
    by_rates = effect_of_rates(costs[facts.end], rates_at.get(facts.end, {}))
    by_rates -= effect_of_rates(costs[before], rates_at.get(before, {}))
    unrealised = Unrealised(
        end_value=final.market_value,
        end_cost=cost_of(costs[facts.end]),
        start_value=first.market_value,
        start_cost=cost_of(costs[before]),
        carried_gain=money.pop("carried_gain"),
        effect_on_cost=by_rates,
        effect_on_cash=facts.currencies.cash_effect or ZERO,
    )
    drivers = Drivers(
        start_value=first.cash + first.market_value,
        end_value=final.cash + final.market_value,
        realised_gain=sum((one.gain for one in realised), ZERO),
        unrealised_gain=unrealised.change,
        currency_effect=by_rates + unrealised.effect_on_cash,
        **money,
    )
    return Driven(drivers=drivers, unrealised=unrealised, realised=realised)


def cost_of(costs: Mapping[int, OpenCost]) -> Decimal:
    return sum((cost.base for cost in costs.values()), ZERO)


def effect_of_rates(costs: Mapping[int, OpenCost], rates: Mapping[int, Decimal | None]) -> Decimal:
    """What rates did to the cost of open units since they were acquired."""
    effect = ZERO
    for instrument_id, cost in costs.items():
        rate = rates.get(instrument_id)
        # Where units are held whose rate is not known, the value is not either.
        if rate is not None and (cost.local or cost.base):
            effect += product(cost.local, rate) - cost.base
    return effect


def totals(money: Iterable[DayMoney]) -> dict[str, Decimal] | None:
    """Sums over the period; None where some flow had no price."""
    days = list(money)
    names = (
        *("inflow", "outflow", "carried_gain", "income"),
        *("fees", "taxes", "trade_fees", "trade_taxes"),
    )
    if any(getattr(day, name) is None for day in days for name in names):
        return None
    return {name: sum((getattr(day, name) for day in days), ZERO) for name in names}
