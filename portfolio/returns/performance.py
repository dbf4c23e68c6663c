"""The performance of a portfolio over a period: every figure, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from portfolio.models import Portfolio
from portfolio.returns import risk
from portfolio.returns.benchmarks import Benchmark, Comparison
from portfolio.returns.drivers import Drivers
from portfolio.returns.driving import Driven, Unrealised, drive, realise
from portfolio.returns.facts import PeriodFacts, read_facts
from portfolio.returns.gains import Method, RealisedGain
from portfolio.returns.notices import notices_of
from portfolio.returns.periods import ONE_DAY
from portfolio.returns.rates_of_return import find_rate, link
from portfolio.returns.risk_figures import risk_figures
from portfolio.returns.time_weighted import MonthReturn, ReturnChain, by_month
from portfolio.returns.union_parts import Part

# What is told with the value at both ends, or not at all.
DRIVEN: Final = (
    *("net_flows", "realised_gain", "unrealised_gain", "income", "fees", "taxes"),
    *("trade_fees", "trade_taxes", "currency_effect", "identity_gap"),
    *("simple_return", "gross_simple_return"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """Money in ``currency``, returns as fractions; gross ones leave fees and taxes aside.

    A figure that is None has the code of its reason in ``reasons``. ``notices`` are codes of
    things that make figures less telling than they look.
    """

    portfolios: Sequence[Portfolio]  # several are measured as one
    currency: str
    method: Method | None  # None: each portfolio's own
    start: date
    end: date
    start_value: Decimal | None
    end_value: Decimal | None
    drivers: Drivers | None
    returns: ReturnChain
    gross_twr: Decimal | None
    twr_annualised: Decimal | None
    xirr: Decimal | None
    gross_xirr: Decimal | None
    volatility: Decimal | None
    downside_deviation: Decimal | None
    sharpe: Decimal | None
    sortino: Decimal | None
    drawdown: risk.Drawdown | None
    months: Sequence[MonthReturn]
    realised: Sequence[RealisedGain]  # of the period, in the order of the sales
    benchmark: Benchmark | None
    facts: PeriodFacts
    unrealised: Unrealised | None  # of a single portfolio
    parts: Sequence[Part] = ()  # of several that are measured as one
    reasons: Mapping[str, str] = field(default_factory=dict)
    notices: Sequence[str] = ()


def measure(
    portfolio: Portfolio,
    *,
    start: date | None = None,
    end: date | None = None,
    method: Method | None = None,
    benchmark: Comparison | None = None,
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
    driven = find_driven(facts, method)
    return figures(
        facts,
        driven,
        portfolios=[portfolio],
        currency=portfolio.currency,
        method=method,
        benchmark=benchmark,
    )


def drive_range(portfolio: Portfolio, *, start: date | None, at: datetime) -> Driven:
    """What made the value change since the day before ``start``, by the portfolio's own lots."""
    facts = read_facts(portfolio, start=start, end=None, at=at)
    return find_driven(facts, Method(portfolio.lot_method))


def find_driven(facts: PeriodFacts, method: Method) -> Driven:
    cost_dates = (facts.start - ONE_DAY, facts.end)
    realised, costs = realise(facts.trades, method, start=facts.start, cost_dates=cost_dates)
    return drive(facts, realised, costs)


def figures(
    facts: PeriodFacts, driven: Driven, *, benchmark: Comparison | None, **named: Any
) -> Performance:
    """Every figure of a period that was read, be it of one portfolio or of several."""
    reasons = {} if driven.reason is None else dict.fromkeys(DRIVEN, driven.reason)
    first, final = facts.worth_on(facts.start - ONE_DAY), facts.worth_on(facts.end)
    ends = {"start_value": (first, "at_start"), "end_value": (final, "at_end")}
    reasons |= {
        name: f"{worth.gap or 'no_price'}_{where}"
        for name, (worth, where) in ends.items()
        if worth.total is None
    }
    found = weighted(facts, reasons)
    compared = None if benchmark is None else benchmark.over(facts.start, facts.end)
    if compared is not None and compared.value is None:
        reasons["benchmark"] = compared.reason
    drivers = driven.drivers
    if drivers is not None and drivers.simple_return is None:
        reasons |= dict.fromkeys(("simple_return", "gross_simple_return"), "no_capital")
    return Performance(
        start=facts.start,
        end=facts.end,
        start_value=first.total,
        end_value=final.total,
        drivers=drivers,
        realised=driven.realised,
        benchmark=compared,
        facts=facts,
        unrealised=driven.unrealised,
        reasons=reasons,
        notices=notices_of(facts, found["returns"]),
        **found,
        **named,
    )


def weighted(facts: PeriodFacts, reasons: dict[str, str]) -> dict[str, Any]:
    """Returns and risk; those that are None are named in ``reasons``."""
    returns = link(facts)
    rates = {"xirr": find_rate(facts), "gross_xirr": find_rate(facts, is_gross=True)}
    reasons |= {name: reason for name, (_, reason) in rates.items() if reason is not None}
    risks = risk_figures(facts, returns, reasons)
    gross_twr = link(facts, is_gross=True).total
    if gross_twr is None:
        reasons["gross_twr"] = reasons.get("twr", "no_price")
    return {
        "returns": returns,
        "gross_twr": gross_twr,
        "months": by_month(returns.days),
        **{name: rate for name, (rate, _) in rates.items()},
        **risks,
    }
