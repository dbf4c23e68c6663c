"""The performance of a portfolio over a period: every figure, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from market.models import Instrument
from portfolio.bookkeeping.amounts import ZERO, product
from portfolio.models import Portfolio
from portfolio.returns import risk
from portfolio.returns.benchmarks import Benchmark, compare
from portfolio.returns.drivers import Drivers
from portfolio.returns.facts import (
    ONE_DAY,
    DayMoney,
    PeriodFacts,
    find_period,
    read_facts,
    trades_until,
)
from portfolio.returns.gains import Method, OpenCost, RealisedGain, gains_of
from portfolio.returns.money_weighted import Flow, NoRate, xirr
from portfolio.returns.notices import notices_of
from portfolio.returns.period_gains import period_gains
from portfolio.returns.risk_figures import risk_figures
from portfolio.returns.time_weighted import (
    DayPoint,
    MonthReturn,
    ReturnChain,
    by_month,
    chain,
)
from portfolio.trades import Trade

NO_MONEY: Final = DayMoney()
Costs = dict[date, dict[int, OpenCost]]  # by day and instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """Money in the portfolio's currency, returns as fractions.

    A figure that is None has the code of its reason in ``reasons``. ``notices`` are codes of
    things that make figures less telling than they look.
    """

    portfolio: Portfolio
    method: Method
    start: date
    end: date
    start_value: Decimal | None
    end_value: Decimal | None
    drivers: Drivers | None
    returns: ReturnChain
    twr_annualised: Decimal | None
    xirr: Decimal | None
    volatility: Decimal | None
    downside_deviation: Decimal | None
    sharpe: Decimal | None
    sortino: Decimal | None
    drawdown: risk.Drawdown | None
    months: Sequence[MonthReturn]
    realised: Sequence[RealisedGain]  # of the period, in the order of the sales
    benchmark: Benchmark | None
    reasons: Mapping[str, str] = field(default_factory=dict)
    notices: Sequence[str] = ()


def measure(
    portfolio: Portfolio,
    *,
    start: date | None = None,
    end: date | None = None,
    method: Method | None = None,
    benchmark: Instrument | None = None,
    at: datetime,
) -> Performance:
    """Measure whole days from ``start`` to ``end``, both included; by default from the first entry.

    Sales use the lots that ``method`` says, by default the portfolio's own.

    The value at the start is that at the end of the day before. The current day counts with the
    newest quotes.

    Raises:
        PeriodRefused: the period ends in the future, or before it starts.
    """
    method = method or Method(portfolio.lot_method)
    facts = read_facts(portfolio, start=start, end=end, at=at)
    cost_dates = (facts.start - ONE_DAY, facts.end)
    realised, costs = realise(facts.trades, method, start=facts.start, cost_dates=cost_dates)
    drivers, reason = drive(facts, realised, costs)
    start_value = facts.worth_on(facts.start - ONE_DAY).total
    end_value = facts.worth_on(facts.end).total
    returns = chain(day_points(facts), start_value=start_value)
    reasons = {} if reason is None else dict.fromkeys(DRIVEN, reason)
    rate, rate_reason = find_rate(facts)
    if rate_reason is not None:
        reasons["xirr"] = rate_reason
    figures = risk_figures(facts, returns, reasons)
    compared = None if benchmark is None else compare(benchmark, start=facts.start, end=facts.end)
    if compared is not None and compared.value is None:
        reasons["benchmark"] = "no_price"
    if drivers is not None and drivers.simple_return is None:
        reasons["simple_return"] = "no_capital"
    return Performance(
        portfolio=portfolio,
        method=method,
        start=facts.start,
        end=facts.end,
        start_value=start_value,
        end_value=end_value,
        drivers=drivers,
        returns=returns,
        xirr=rate,
        months=by_month(returns.days),
        realised=realised,
        benchmark=compared,
        reasons=reasons,
        notices=notices_of(facts, returns),
        **figures,
    )


# What needs the value at both ends.
DRIVEN: Final = (
    *("realised_gain", "unrealised_gain", "identity_gap", "simple_return", "currency_effect"),
)


@dataclass(frozen=True, slots=True)
class RealisedPeriod:
    """Sales of a period, and beside each what it gained since the period began."""

    start: date
    end: date
    realised: Sequence[RealisedGain]
    period_gains: Sequence[Decimal | None]


def realised_gains(
    portfolio: Portfolio,
    *,
    start: date | None = None,
    end: date | None = None,
    method: Method | None = None,
    at: datetime,
) -> RealisedPeriod:
    """Gains of sales in whole days, both ends included, against acquisition cost and by period.

    Raises:
        PeriodRefused: the period ends in the future, or before it starts.
    """
    method = method or Method(portfolio.lot_method)
    first, final = find_period(portfolio, start=start, end=end, today=at.date())
    trades = trades_until(portfolio, final)
    realised, _ = realise(trades, method, start=first, cost_dates=())
    gains = period_gains(portfolio, realised, trades, start=first)
    return RealisedPeriod(first, final, realised, gains)


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
    names = ("inflow", "outflow", "carried_gain", "income", "fees", "taxes")
    if any(getattr(day, name) is None for day in days for name in names):
        return None
    return {name: sum((getattr(day, name) for day in days), ZERO) for name in names}


def day_points(facts: PeriodFacts) -> list[DayPoint]:
    points = []
    for day in facts.days:
        money = facts.money.get(day, NO_MONEY)
        points.append(DayPoint(day, facts.worth_on(day).total, money.inflow, money.outflow))
    return points


def find_rate(facts: PeriodFacts) -> tuple[Decimal | None, str | None]:
    """The money-weighted rate; None and why where there is none.

    The value at the start is paid in on the day before, that at the end is taken out on the end.
    """
    before = facts.start - ONE_DAY
    start_value, end_value = facts.worth_on(before).total, facts.worth_on(facts.end).total
    if start_value is None or end_value is None:
        first, final = facts.worth_on(before), facts.worth_on(facts.end)
        gap = f"{first.gap or 'no_price'}_at_start"
        return None, gap if start_value is None else f"{final.gap or 'no_price'}_at_end"
    flows: list[Flow] = [(before, -start_value), (facts.end, end_value)]
    for day, money in facts.money.items():
        if money.inflow is None or money.outflow is None:
            return None, "no_price"
        flows.append((day, money.outflow - money.inflow))
    try:
        return xirr(flows), None
    except NoRate as error:
        return None, error.reason
