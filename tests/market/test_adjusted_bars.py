"""Bars and statistics that are comparable over splits and dividends."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import orjson
import pytest

from market.calendar import local_midnight
from market.corporate_actions.action_imports import import_actions
from market.corporate_actions.actions import cancel_action, record_action
from market.corporate_actions.facts import ActionFacts
from market.intake.bars import BarRow, store_bars
from market.intake.ingestion import store_ticks
from market.models import CorporateAction, Instrument
from market.models.corporate_actions import ActionKind
from market.queries import Adjustment, bars, bars_json, statistics
from market.sample import FOLDER
from market.values import BarValue, Interval, plain
from tests.market.factories import NOON, decimals, make_bar, make_instrument, make_tick

pytestmark = pytest.mark.django_db

TODAY = date(2026, 1, 5)
NEW_YORK = "America/New_York"


@pytest.fixture
def apple() -> Instrument:
    return make_instrument("AAPL")


def midnight(on: date) -> datetime:
    return local_midnight(on, NEW_YORK)


def store(*rows: BarRow, source: str = "file") -> None:
    store_bars(rows, source=source, recorded_at=NOON)


def store_split(
    instrument: Instrument,
    on: date = TODAY,
    *,
    new: int = 4,
    old: int = 1,
    is_in_history: bool = False,
) -> CorporateAction:
    facts = ActionFacts(
        kind=ActionKind.SPLIT,
        ex_date=on,
        ratio_from=old,
        ratio_to=new,
        is_in_history=is_in_history,
    )
    return record_action(instrument=instrument, facts=facts, source="test", recorded_at=NOON)


def store_dividend(instrument: Instrument, on: date = TODAY, amount: str = "2") -> None:
    facts = ActionFacts(
        kind=ActionKind.DIVIDEND, ex_date=on, amount_per_share=Decimal(amount), currency="USD"
    )
    record_action(instrument=instrument, facts=facts, source="test", recorded_at=NOON)


def store_days(instrument: Instrument) -> None:
    """A hundred before the split of four for one, then a quarter of it."""
    store(
        make_bar(instrument, "100 108 96 104", at=midnight(date(2026, 1, 2)), volume="10"),
        make_bar(instrument, "26 27 25 26", at=midnight(TODAY), volume="40"),
    )


def shape(bar: BarValue) -> tuple[Decimal, ...]:
    return (bar.open, bar.high, bar.low, bar.close, bar.volume)


def test_raw_bars_are_as_stored(apple: Instrument) -> None:
    store_days(apple)
    store_split(apple)
    first, second = bars(apple, interval=Interval.DAY)
    assert shape(first) == decimals("100 108 96 104 10")
    assert shape(second) == decimals("26 27 25 26 40")


@pytest.mark.parametrize("adjusted", [True, Adjustment.SPLITS])
def test_a_split_divides_prices_and_multiplies_volume_before_it(
    apple: Instrument, adjusted: bool | Adjustment
) -> None:
    store_days(apple)
    store_split(apple)
    first, second = bars(apple, interval=Interval.DAY, adjusted=adjusted)
    assert shape(first) == decimals("25 27 24 26 40")
    assert shape(second) == decimals("26 27 25 26 40")


def test_weeks_and_months_that_hold_a_split_are_of_adjusted_days(apple: Instrument) -> None:
    store_days(apple)
    store_split(apple)
    (month,) = bars(apple, interval=Interval.MONTH, adjusted=True)
    assert shape(month) == decimals("25 27 24 26 80")
    weeks = bars(apple, interval=Interval.WEEK, adjusted=True)
    assert [shape(week) for week in weeks] == [
        decimals("25 27 24 26 40"),
        decimals("26 27 25 26 40"),
    ]


INTRADAY = [interval for interval in Interval if interval.is_intraday]


@pytest.mark.parametrize("interval", INTRADAY)
def test_minutes_and_hours_are_adjusted_too(apple: Instrument, interval: Interval) -> None:
    before, after = NOON - timedelta(days=3), NOON
    store_ticks([make_tick(apple, "100", at=before, source="live")], received_at=before)
    store_ticks([make_tick(apple, "25", at=after, source="live")], received_at=after)
    store_split(apple)
    raw = bars(apple, interval=interval)
    found = bars(apple, interval=interval, adjusted=True)
    assert [bar.close for bar in raw] == [100, 25]
    assert [bar.close for bar in found] == [25, 25]
    assert [bar.volume for bar in found] == [4, 1]
    assert [bar.vwap for bar in found] == [25, 25]


def test_a_split_that_files_know_leaves_their_days_and_adjusts_ticks(apple: Instrument) -> None:
    store(make_bar(apple, "25 27 24 26", at=midnight(date(2025, 12, 30)), volume="40"))
    before = NOON - timedelta(days=3)
    store_ticks([make_tick(apple, "100", at=before, source="live")], received_at=before)
    store_split(apple, is_in_history=True)
    days = bars(apple, interval=Interval.DAY, adjusted=True)
    assert [bar.close for bar in days] == [26, 25]


def test_the_simulator_goes_on_from_its_own_history(apple: Instrument) -> None:
    store(make_bar(apple, "25 27 24 26", at=midnight(date(2025, 12, 30))), source="simulated")
    before = NOON - timedelta(days=3)
    store_ticks([make_tick(apple, "26", at=before)], received_at=before)
    store_split(apple, is_in_history=True)
    days = bars(apple, interval=Interval.DAY, adjusted=True)
    assert [bar.close for bar in days] == [26, 26]


def test_a_dividend_is_taken_out_of_everything_before_it(apple: Instrument) -> None:
    store(
        make_bar(apple, "100 108 96 100", at=midnight(date(2026, 1, 2)), volume="10"),
        make_bar(apple, "98 99 97 98", at=midnight(TODAY)),
    )
    store_dividend(apple)
    first, second = bars(apple, interval=Interval.DAY, adjusted=True)
    assert shape(first) == decimals("98 105.84 94.08 98 10")
    assert second.close == 98
    assert bars(apple, interval=Interval.DAY, adjusted=Adjustment.SPLITS)[0].close == 100


def test_vwap_follows_its_prices(apple: Instrument) -> None:
    row = make_bar(apple, "100 108 96 100", at=midnight(date(2026, 1, 2)), volume="10")
    store(row._replace(turnover=Decimal(1010)))
    store_split(apple)
    store_dividend(apple, date(2026, 1, 4), "2")
    (day,) = bars(apple, interval=Interval.DAY, adjusted=True)
    assert (day.vwap, day.close, day.volume) == decimals("24.745 24.5 40")


def test_later_dividends_come_on_top_of_what_the_source_adjusted(apple: Instrument) -> None:
    store(
        make_bar(apple, "100 100 100 100", at=midnight(date(2025, 12, 1)), adjusted_close="90"),
        make_bar(apple, "100 100 100 100", at=midnight(date(2026, 1, 2))),
    )
    store_dividend(apple, date(2025, 11, 3), "50")
    store_dividend(apple, amount="2")
    first, second = bars(apple, interval=Interval.DAY, adjusted=True)
    assert (first.close, second.close) == decimals("88.2 98")


def test_a_split_alone_keeps_the_dividends_in(apple: Instrument) -> None:
    store(make_bar(apple, "100 100 100 100", at=midnight(date(2026, 1, 2)), adjusted_close="90"))
    store_split(apple)
    (day,) = bars(apple, interval=Interval.DAY, adjusted=Adjustment.SPLITS)
    assert day.close == 25


def test_what_is_only_announced_changes_nothing_yet(apple: Instrument) -> None:
    store_days(apple)
    store_split(apple, datetime.now(ZoneInfo(NEW_YORK)).date() + timedelta(days=1))
    assert bars(apple, interval=Interval.DAY, adjusted=True)[0].close == 104


def test_a_cancelled_split_never_was(apple: Instrument) -> None:
    store_days(apple)
    cancel_action(store_split(apple).id, cancelled_at=NOON)
    assert bars(apple, interval=Interval.DAY, adjusted=True)[0].close == 104


@pytest.mark.parametrize("interval", list(Interval))
def test_json_says_the_same_as_values(apple: Instrument, interval: Interval) -> None:
    store_days(apple)
    at = NOON - timedelta(days=1)
    store_ticks([make_tick(apple, "33.37", at=at, source="live")], received_at=at)
    store_split(apple, new=3)
    store_dividend(apple, date(2026, 1, 4), "1.01")
    found = orjson.loads(bars_json(apple, interval=interval, adjusted=True))
    values = bars(apple, interval=interval, adjusted=True)
    assert found
    assert [bar["close"] for bar in found] == [plain(bar.close) for bar in values]
    assert [bar["volume"] for bar in found] == [plain(bar.volume) for bar in values]


def test_statistics_of_adjusted_days_see_no_crash(apple: Instrument) -> None:
    store(
        *(make_bar(apple, "104 104 104 104", at=midnight(date(2025, 12, day))) for day in (29, 30))
    )
    store(*(make_bar(apple, "26 26 26 26", at=midnight(date(2026, 1, day))) for day in (5, 6)))
    store_split(apple)
    raw, adjusted = statistics(apple), statistics(apple, adjusted=True)
    assert raw.annualised_volatility is not None
    assert raw.annualised_volatility > 10
    assert (adjusted.annualised_volatility, adjusted.stdev) == decimals("0 0")
    assert (adjusted.maximum, adjusted.mean, adjusted.vwap) == decimals("26 26 26")


@pytest.mark.slow
def test_our_factors_of_the_sample_are_those_of_its_source(apple: Instrument) -> None:
    """Five years of AAPL: our factors of its dividends against adjusted close ÷ close."""
    with gzip.open(FOLDER / "starter_bars.csv.gz", "rt") as file:
        days = [row for row in csv.DictReader(file) if row["symbol"] == "AAPL"]
    store(
        *(
            make_bar(
                apple,
                f"{row['open']} {row['high']} {row['low']} {row['close']}",
                at=midnight(date.fromisoformat(row["date"])),
            )
            for row in days
        )
    )
    lines = (FOLDER / "dividends.csv").read_text().splitlines()
    wanted = "\n".join([lines[0], *(line for line in lines if line.startswith("AAPL,"))])
    run = import_actions(wanted.encode(), name="x", source="t", imported_at=datetime.now(UTC))
    assert run.rows_written == 20
    found = bars(apple, interval=Interval.DAY, limit=2_000, adjusted=True)
    assert len(found) == len(days)
    for bar, row in zip(found, days, strict=True):
        assert bar.close / Decimal(row["adj_close"]) == pytest.approx(1, abs=Decimal("0.0005"))
