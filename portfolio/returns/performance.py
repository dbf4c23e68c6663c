"""The performance of a portfolio over a period: every figure, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from market.models import Instrument
from portfolio.amounts import ZERO
from portfolio.models import Portfolio
from portfolio.positions import Trade
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
from portfolio.returns.gains import Method, RealisedGain, gains_of
from portfolio.returns.money_weighted import Flow, NoRate, xirr
from portfolio.returns.time_weighted import (
    DayPoint,
    MonthReturn,
    ReturnChain,
    annualised,
    by_month,
    chain,
)

NO_MONEY: Final = DayMoney()


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
    method: Method = Method.FIFO,
    benchmark: Instrument | None = None,
    at: datetime,
) -> Performance:
    """Measure whole days from ``start`` to ``end``, both included; by default from the first entry.

    The value at the start is that at the end of the day before. The current day counts with the
    newest quotes.

    Raises:
        PeriodRefused: the period ends in the future, or before it starts.
    """
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
        notices=["return_without_capital"] if returns.without_capital else [],
        **figures,
    )


# What needs the value at both ends.
DRIVEN: Final = (
    *("realised_gain", "unrealised_gain", "identity_gap", "simple_return", "currency_effect"),
)


def realised_gains(
    portfolio: Portfolio,
    *,
    start: date | None = None,
    end: date | None = None,
    method: Method = Method.FIFO,
    at: datetime,
) -> list[RealisedGain]:
    """Gains against acquisition cost of sales in whole days, both ends included.

    Raises:
        PeriodRefused: the period ends in the future, or before it starts.
    """
    first, final = find_period(portfolio, start=start, end=end, today=at.date())
    realised, _ = realise(trades_until(portfolio, final), method, start=first, cost_dates=())
    return realised


def realise(
    trades: Mapping[int, Iterable[Trade]],
    method: Method,
    *,
    start: date,
    cost_dates: Sequence[date],
) -> tuple[list[RealisedGain], dict[date, Decimal]]:
    """Gains realised from ``start`` on, and what was held at the end of some days had cost."""
    realised: list[RealisedGain] = []
    costs = dict.fromkeys(cost_dates, ZERO)
    for instrument_id, of_instrument in trades.items():
        found = gains_of(instrument_id, of_instrument, method)
        realised += [one for one in found.realised if one.closed_at.date() >= start]
        for day in costs:
            costs[day] += found.cost_at_end_of(day)
    realised.sort(key=lambda one: (one.closed_at, one.closing_entry_id, one.opened_at))
    return realised, costs


def drive(
    facts: PeriodFacts, realised: Sequence[RealisedGain], costs: Mapping[date, Decimal]
) -> tuple[Drivers | None, str | None]:
    """What made the value change; None and why where one of the ends has no value."""
    before = facts.start - ONE_DAY
    first, final = facts.worth_on(before), facts.worth_on(facts.end)
    if first.market_value is None:
        return None, "no_price_at_start"
    if final.market_value is None:
        return None, "no_price_at_end"
    unrealised_before = first.market_value - costs[before]
    return Drivers(
        start_value=first.cash + first.market_value,
        end_value=final.cash + final.market_value,
        realised_gain=sum((one.gain for one in realised), ZERO),
        unrealised_gain=final.market_value - costs[facts.end] - unrealised_before,
        **totals(facts.money.values()),
    ), None


def totals(money: Iterable[DayMoney]) -> dict[str, Decimal]:
    days = list(money)
    names = ("inflow", "outflow", "income", "fees", "taxes")
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
        return None, "no_price_at_start" if start_value is None else "no_price_at_end"
    flows: list[Flow] = [(before, -start_value), (facts.end, end_value)]
    flows += [(day, money.outflow - money.inflow) for day, money in facts.money.items()]
    try:
        return xirr(flows), None
    except NoRate as error:
        return None, error.reason


def risk_figures(
    facts: PeriodFacts, returns: ReturnChain, reasons: dict[str, str]
) -> dict[str, Any]:
    """Figures that follow from the daily returns; those that are None are named in ``reasons``."""
    daily = risk.weekday_returns(returns.days)
    whole = returns.total
    yearly = None if whole is None else annualised(whole, days=len(facts.days))
    swings = None if whole is None else risk.volatility(daily)
    falls = None if whole is None else risk.downside_deviation(daily)
    figures: dict[str, Any] = {
        "twr_annualised": yearly,
        "volatility": swings,
        "downside_deviation": falls,
        "sharpe": risk.ratio(yearly, swings),
        "sortino": risk.ratio(yearly, falls),
        "drawdown": None
        if whole is None
        else risk.max_drawdown(returns.days, start=facts.start - ONE_DAY),
    }
    if whole is None:
        missing = dict.fromkeys(
            (*figures, "twr", "max_drawdown"), "no_price" if returns.broken_on else "no_days"
        )
    else:
        missing = {name: "too_few_days" for name in RISKY[:2] if figures[name] is None}
        missing |= {name: "no_swing" for name in RISKY[2:] if figures[name] is None}
        missing |= {"twr_annualised": "total_loss"} if yearly is None else {}
    reasons |= missing
    return figures


RISKY: Final = ("volatility", "downside_deviation", "sharpe", "sortino")
