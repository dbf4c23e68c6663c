"""A portfolio as strangers with a link see it: shares and returns in percent, and nothing else.

Everything is rounded to a tenth of a percent before it leaves this module. With exact weights
and public prices the ratios of the quantities could be told, and where those are whole numbers
the quantities themselves; a tenth of a percent hides them. No amount, quantity, price, cost,
date of a trade or name of the portfolio is in the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from portfolio.bookkeeping.amounts import ZERO, percentage
from portfolio.charts import ReturnChart, ValuePoint, return_chart, thinned
from portfolio.models import Portfolio
from portfolio.queries import PositionRow, cash_row, position_rows
from portfolio.returns.performance import Performance, measure
from portfolio.valuations.ranges import RANGES, ChartRange, start_date

HUNDRED: Final = Decimal(100)
TENTH: Final = Decimal("0.1")
ONE_DAY: Final = timedelta(days=1)
SHOWN_RANGES: Final = ("1m", "ytd", "1y", "max")
UNNAMED: Final = "Not said"


@dataclass(frozen=True, slots=True)
class SharedHolding:
    """Percentages in percent; None where there is no price."""

    symbol: str
    name: str
    weight_pct: Decimal | None  # of everything, cash included
    gain_pct: Decimal | None  # of its cost, unrealised
    day_change_pct: Decimal | None


@dataclass(frozen=True, slots=True)
class SharedShare:
    """One part of everything, in percent."""

    name: str
    weight_pct: Decimal


@dataclass(frozen=True, slots=True)
class SharedReturn:
    """A time-weighted return in percent; None where it cannot be told."""

    label: str
    value_pct: Decimal | None


@dataclass(frozen=True, slots=True)
class SharedPortfolio:
    as_of: datetime
    since: date | None
    holdings: Sequence[SharedHolding]
    cash_weight_pct: Decimal | None
    sectors: Sequence[SharedShare]
    countries: Sequence[SharedShare]
    currencies: Sequence[SharedShare]
    returns: Sequence[SharedReturn]
    series: Sequence[ValuePoint]  # cumulative return since the start, in percent

    @property
    def chart(self) -> ReturnChart | None:
        return return_chart(self.series)


def shared_portfolio(portfolio: Portfolio, *, at: datetime) -> SharedPortfolio:
    """Read what a link shows of a portfolio, at the newest quotes."""
    cash = cash_row(portfolio)
    rows = position_rows(portfolio, cash=cash)
    values = [row.market_value for row in rows]
    total = None
    if cash.in_all is not None and None not in values:
        total = cash.in_all + sum((value for value in values if value is not None), ZERO)
    whole = measure(portfolio, at=at)
    series = [
        ValuePoint(day.date, tenths(day.cumulative * HUNDRED) or ZERO) for day in whole.returns.days
    ]
    return SharedPortfolio(
        as_of=at,
        since=series[0].date if series else None,
        holdings=holdings_of(rows),
        cash_weight_pct=tenths(percentage(cash.in_all, total)),
        sectors=shares_of(rows, lambda row: row.instrument.sector),
        countries=shares_of(rows, lambda row: row.instrument.country),
        currencies=shares_of(rows, lambda row: row.currency),
        returns=returns_of(whole, at=at),
        series=thinned(series),
    )


def tenths(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(TENTH)


def holdings_of(rows: Iterable[PositionRow]) -> list[SharedHolding]:
    """Heaviest first."""
    found = [
        SharedHolding(
            symbol=row.symbol,
            name=row.name,
            weight_pct=tenths(row.weight_pct),
            gain_pct=tenths(row.unrealised_gain_pct),
            day_change_pct=tenths(row.day_change_pct),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (-(one.weight_pct or ZERO), one.symbol))


def shares_of(
    rows: Iterable[PositionRow], name_of: Callable[[PositionRow], str]
) -> list[SharedShare]:
    """Weights by something that instruments have in common, heaviest first."""
    weights: dict[str, Decimal] = {}
    for row in rows:
        if row.weight_pct is not None:
            name = name_of(row) or UNNAMED
            weights[name] = weights.get(name, ZERO) + row.weight_pct
    found = [SharedShare(name, weight.quantize(TENTH)) for name, weight in weights.items()]
    return sorted(found, key=lambda one: (-one.weight_pct, one.name))


def returns_of(whole: Performance, *, at: datetime) -> list[SharedReturn]:
    chosen = [one for one in RANGES if one.key in SHOWN_RANGES]
    return [SharedReturn(one.label, return_over(whole, one, at=at)) for one in chosen]


def return_over(whole: Performance, choice: ChartRange, *, at: datetime) -> Decimal | None:
    """The linked daily returns of a range that the whole reaches back to."""
    if whole.returns.total is None:
        return None
    start = start_date(choice, end=at.date()) + ONE_DAY
    growth = Decimal(1)
    for day in whole.returns.days:
        if day.date >= start or choice.key == "max":
            growth *= 1 + day.daily
    return tenths((growth - 1) * HUNDRED)
