"""What the same period did to something else: an instrument, an index, another portfolio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, Protocol

from accounts.errors import ProblemsError
from accounts.utc_days import utc_midnight
from market.models import Instrument
from market.queries import bars
from market.values import Interval
from portfolio.bookkeeping.amounts import EXACT
from portfolio.errors import PortfolioError
from portfolio.models import IndexClose, IndexSeries, Portfolio
from portfolio.returns.facts import read_facts
from portfolio.returns.rates_of_return import link
from portfolio.returns.time_weighted import ONE

BENCHMARK_DAYS: Final = 10_000
# A close stands for the days after it, over weekends and holidays, but no longer than this.
CARRY_DAYS: Final = 30


class BenchmarkRefused(PortfolioError, ProblemsError):
    """It is not told what to compare with; ``problems`` says why."""

    code = "benchmark_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Something else over a period; ``value`` is None for ``reason``."""

    kind: str  # instrument, index or portfolio
    name: str
    key: str  # the symbol of an instrument, the id of anything else
    value: Decimal | None  # a fraction
    reason: str = ""
    series: Sequence[tuple[date, Decimal]]  # cumulative, ascending


class Comparison(Protocol):
    """Something whose return over whole days can be told."""

    def over(self, start: date, end: date) -> Benchmark: ...


@dataclass(frozen=True, slots=True)
class WithInstrument:
    """By its closes in its own currency, with dividends taken out."""

    instrument: Instrument

    def over(self, start: date, end: date) -> Benchmark:
        closes = [
            (bar.opened_at.date(), bar.close)
            for bar in bars(
                self.instrument,
                interval=Interval.DAY,
                end=utc_midnight(end + timedelta(days=1)),
                limit=BENCHMARK_DAYS,
                adjusted=True,
            )
        ]
        symbol = self.instrument.symbol
        series = growth_of(closes, start=start, end=end)
        return benchmark_of(series, kind="instrument", name=symbol, key=symbol)


@dataclass(frozen=True, slots=True)
class WithIndex:
    """By the closes that its owner brought."""

    index: IndexSeries

    def over(self, start: date, end: date) -> Benchmark:
        first = start - timedelta(days=CARRY_DAYS)
        rows = IndexClose.objects.filter(index=self.index, on_date__range=(first, end))
        closes = list(rows.order_by("on_date").values_list("on_date", "close"))
        series = growth_of(closes, start=start, end=end)
        return benchmark_of(series, kind="index", name=self.index.name, key=str(self.index.id))


@dataclass(frozen=True, slots=True)
class WithPortfolio:
    """By the other's time-weighted return in its own currency, so that its flows do not count."""

    portfolio: Portfolio
    at: datetime

    def over(self, start: date, end: date) -> Benchmark:
        returns = link(read_facts(self.portfolio, start=start, end=end, at=self.at))
        return Benchmark(
            kind="portfolio",
            name=self.portfolio.name,
            key=str(self.portfolio.id),
            value=returns.total,
            reason="" if returns.total is not None else "no_price",
            series=[(day.date, day.cumulative) for day in returns.days],
        )


def growth_of(
    closes: Sequence[tuple[date, Decimal]], *, start: date, end: date
) -> list[tuple[date, Decimal]]:
    """What closes gained since the newest before ``start``; empty without one at both ends."""
    base = next(((day, close) for day, close in reversed(closes) if day < start), None)
    within = [(day, close) for day, close in closes if start <= day <= end]
    if base is None or not within:
        return []
    if (start - base[0]).days > CARRY_DAYS or (end - within[-1][0]).days > CARRY_DAYS:
        return []
    return [(day, EXACT.divide(close, base[1]) - ONE) for day, close in within]


def benchmark_of(
    series: Sequence[tuple[date, Decimal]], *, kind: str, name: str, key: str
) -> Benchmark:
    value = series[-1][1] if series else None
    reason = "" if series else "no_price"
    return Benchmark(kind=kind, name=name, key=key, value=value, reason=reason, series=series)
