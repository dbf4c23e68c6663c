"""What made a portfolio's value change over a period, from its facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


def drive(
    facts: PeriodFacts, realised: Sequence[RealisedGain], costs: Costs
) -> tuple[Drivers | None, str | None]:
    """What made the value change; None and why where one of the ends has no value."""
    before = facts.start - ONE_DAY
    first, final = facts.worth_on(before), facts.worth_on(facts.end)
    if first.cash is None or first.market_value is None:
        return None, f"{first.gap or 'no_price'}_at_start"
    if final.cash is None or final.market_value is None:
        return None, f"{final.gap or 'no_price'}_at_end"
    money = totals(facts.money.values())
    if money is None:
        return None, "no_price"
    rates_at = facts.currencies.rates
    by_rates = effect_of_rates(costs[facts.end], rates_at.get(facts.end, {}))
    by_rates -= effect_of_rates(costs[before], rates_at.get(before, {}))
    carried = money.pop("carried_gain")
    gain = final.market_value - cost_of(costs[facts.end])
    gain -= first.market_value - cost_of(costs[before])
    return Drivers(
        start_value=first.cash + first.market_value,
        end_value=final.cash + final.market_value,
        realised_gain=sum((one.gain for one in realised), ZERO),
        unrealised_gain=gain - carried - by_rates,
        currency_effect=by_rates + (facts.currencies.cash_effect or ZERO),
        **money,
    ), None


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
