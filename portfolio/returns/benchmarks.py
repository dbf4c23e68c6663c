"""What the same period did to something else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from market.models import Instrument
from market.queries import bars
from market.values import Interval
from portfolio.bookkeeping.amounts import EXACT
from portfolio.returns.time_weighted import ONE

BENCHMARK_DAYS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """An instrument over a period; ``value`` is None where it had no price at one of the ends."""

    instrument: Instrument
    value: Decimal | None  # a fraction
    series: Sequence[tuple[date, Decimal]]  # cumulative, ascending


def compare(instrument: Instrument, *, start: date, end: date) -> Benchmark:
    """What whole days did to an instrument, by its closes with dividends taken out."""
    closes = [
        (bar.opened_at.date(), bar.close)
        for bar in bars(
            instrument,
            interval=Interval.DAY,
            end=datetime.combine(end + timedelta(days=1), time(), UTC),
            limit=BENCHMARK_DAYS,
            adjusted=True,
        )
    ]
    base = next((close for day, close in reversed(closes) if day < start), None)
    within = [(day, close) for day, close in closes if start <= day <= end]
    if base is None or not within:
        return Benchmark(instrument=instrument, value=None, series=())
    series = [(day, EXACT.divide(close, base) - ONE) for day, close in within]
    return Benchmark(instrument=instrument, value=series[-1][1], series=series)
