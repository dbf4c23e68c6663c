"""Recorded prices, in any order and any parts: the bars that pandas makes of them.

The recording is the shipped sample: days of two stocks as their exchange traded them, over the
Sunday on which its clocks changed. See also ``test_intake_in_any_order``, whose series are drawn.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from market.intake.ingestion import store_ticks
from market.intake.price_files import import_file
from market.models import Bar, Instrument, QuarantinedRow, Tick
from market.queries import bars
from market.sample import FOLDER
from market.values import Interval, TickValue
from tests.market.factories import make_instrument
from tests.market.test_intake_in_any_order import EXAMPLES, batches

pytestmark = pytest.mark.django_db

SYMBOLS: Final = ("AAPL", "XOM")
FIRST, LAST = "2015-02-23", "2015-04-10"
NEW_YORK: Final = ZoneInfo("America/New_York")
AFTER: Final = datetime(2015, 4, 14, tzinfo=NEW_YORK)
# Where in the session each of a day's four prices is put, in minutes; high and low take turns.
PLACES: Final = (0, 47, 211, 389)
OPENING: Final = timedelta(hours=9, minutes=30)
LENGTHS: Final[dict[Interval, str]] = {
    Interval.MINUTE: "1min",
    Interval.FIVE_MINUTES: "5min",
    Interval.FIFTEEN_MINUTES: "15min",
    Interval.THIRTY_MINUTES: "30min",
    Interval.HOUR: "1h",
    Interval.DAY: "1D",
    Interval.WEEK: "W-MON",
    Interval.MONTH: "MS",
}
AGGREGATES: Final = {
    "open": "first",
    "high": "max",
    "low": "min",
    "close": "last",
    "volume": "sum",
}


@cache
def recorded() -> pd.DataFrame:
    """The recorded days, prices exactly as they are written."""
    rows = pd.read_csv(FOLDER / "starter_bars.csv.gz", dtype=str)
    rows = rows[rows.symbol.isin(SYMBOLS) & rows.date.between(FIRST, LAST)]
    prices = ["open", "high", "low", "close", "volume"]
    rows[prices] = rows[prices].map(Decimal)
    return rows.sort_values(["symbol", "date"], ignore_index=True)


def days_of(symbol: str) -> pd.DataFrame:
    days = recorded()[recorded().symbol == symbol]
    opened_at = [datetime.fromisoformat(day).replace(tzinfo=NEW_YORK) for day in days.date]
    return days.set_index(pd.DatetimeIndex(opened_at))


def played(symbol: str, instrument: Instrument) -> list[TickValue]:
    """Each recorded day as four trades at its own prices, which share its volume."""
    ticks = []
    for number, (midnight, day) in enumerate(days_of(symbol).iterrows()):
        middle = (day.high, day.low) if number % 2 else (day.low, day.high)
        quarter = day.volume // 4
        sizes = (quarter, quarter, quarter, day.volume - 3 * quarter)
        for place, price, size in zip(PLACES, (day.open, *middle, day.close), sizes, strict=True):
            at = datetime.combine(midnight.date(), datetime.min.time(), NEW_YORK)
            moment = at + OPENING + timedelta(minutes=place, seconds=number % 60)
            ticks.append(TickValue(instrument.id, moment, str(place), price, size, "alpaca"))
    return ticks


def by_pandas(frame: pd.DataFrame, length: str) -> list[tuple[Any, ...]]:
    """Open, high, low, close and volume of each bucket that has any, with its start in UTC."""
    where = {"label": "left", "closed": "left"}
    if length.endswith(("1h", "min")):
        frame = frame.tz_convert("UTC")
    buckets = frame.resample(length, **where).agg(AGGREGATES).dropna()
    return [
        (start.to_pydatetime(), *(plain_number(value) for value in row))
        for start, row in zip(buckets.index, buckets.itertuples(index=False), strict=True)
    ]


def plain_number(value: Any) -> Decimal:
    return Decimal(value)


def by_us(instrument: Instrument, interval: Interval) -> list[tuple[Any, ...]]:
    found = bars(instrument, interval=interval, limit=10_000, from_start=True)
    return [(it.opened_at, it.open, it.high, it.low, it.close, it.volume) for it in found]


def agree(instrument: Instrument, frame: pd.DataFrame, intervals: Sequence[Interval]) -> None:
    for interval in intervals:
        assert by_us(instrument, interval) == by_pandas(frame, LENGTHS[interval]), interval


@settings(parent=EXAMPLES, max_examples=4)
@given(data=st.data())
def test_trades_at_recorded_prices_make_the_bars_that_pandas_makes(data: st.DataObject) -> None:
    with transaction.atomic():
        symbol = data.draw(st.sampled_from(SYMBOLS))
        instrument = make_instrument(symbol)
        ticks = played(symbol, instrument)
        for batch in batches(data, ticks):
            store_ticks(batch, received_at=AFTER)
        assert not QuarantinedRow.objects.exists()
        assert Tick.objects.filter(instrument=instrument).count() == len(ticks)
        rows = [(it.price, it.price, it.price, it.price, it.size) for it in ticks]
        index = pd.DatetimeIndex([it.occurred_at for it in ticks])
        agree(instrument, pd.DataFrame(rows, index, list(AGGREGATES)), list(LENGTHS))
        # And so each day is again what was recorded of it.
        days = days_of(symbol)[list(AGGREGATES)]
        agree(instrument, days, [Interval.DAY, Interval.WEEK, Interval.MONTH])
        transaction.set_rollback(True)


@settings(parent=EXAMPLES, max_examples=4)
@given(data=st.data())
def test_recorded_days_in_any_files_make_the_weeks_and_months_that_pandas_makes(
    data: st.DataObject,
) -> None:
    header = "symbol,date,open,high,low,close,volume"
    with transaction.atomic(), tempfile.TemporaryDirectory() as folder:
        instruments = {symbol: make_instrument(symbol) for symbol in SYMBOLS}
        lines = [
            ",".join(str(value) for value in row)
            for row in recorded()[header.split(",")].itertuples(index=False)
        ]
        for number, part in enumerate(batches(data, lines)):
            path = Path(folder) / f"{number}.csv"
            path.write_text("\n".join([header, *part]))
            run = import_file(path, instruments=None, clock=lambda: AFTER)
            assert run.rows_refused == 0
        for symbol, instrument in instruments.items():
            days = days_of(symbol)[list(AGGREGATES)]
            assert Bar.objects.filter(instrument=instrument).count() == len(days)
            agree(instrument, days, [Interval.DAY, Interval.WEEK, Interval.MONTH])
        transaction.set_rollback(True)


def test_the_recording_is_over_a_change_of_clocks() -> None:
    days = [date.fromisoformat(day) for day in recorded().date]
    assert len(days) == 2 * 34
    assert min(days) < date(2015, 3, 8) < max(days)
