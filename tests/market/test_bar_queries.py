"""Series of bars as pages and programs read them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import orjson
import pytest
from pytest_django import DjangoAssertNumQueries

from market.intake.bars import BarRow, store_bars
from market.intake.ingestion import store_ticks
from market.intake.minute_rollups import roll_up_minutes
from market.models import Exchange, Instrument
from market.queries import bars, bars_json, closes_on, daily_closes, statistics
from market.values import BarValue, Interval, plain, plain_or_none, wire_time
from tests.market.factories import NOON, decimals, make_bar, make_instrument, make_tick

pytestmark = pytest.mark.django_db


def midnight(text: str) -> datetime:
    """New York's midnight of a winter date, in UTC."""
    return datetime.fromisoformat(f"{text}T05:00:00+00:00")


def store(*rows: BarRow, source: str = "file") -> None:
    store_bars(rows, source=source, recorded_at=NOON)


def make_minutes(instrument: Instrument, count: int, *, start: datetime = NOON) -> None:
    store(
        *(
            make_bar(
                instrument,
                f"{10 + n} {12 + n} {9 + n} {11 + n}",
                interval="1m",
                at=start + timedelta(minutes=n),
                volume="2",
            )
            for n in range(count)
        )
    )


def shape(found: list[BarValue]) -> list[str]:
    """Each bar as ``HH:MM open high low close volume``."""
    return [
        f"{bar.opened_at:%H:%M} {bar.open} {bar.high} {bar.low} {bar.close} {bar.volume}"
        for bar in found
    ]


def test_five_minutes_add_up_from_minutes() -> None:
    apple = make_instrument("AAPL")
    make_minutes(apple, 12)
    assert shape(bars(apple, interval=Interval.FIVE_MINUTES)) == [
        "17:00 10 16 9 15 10",
        "17:05 15 21 14 20 10",
        "17:10 20 23 19 22 4",
    ]


@pytest.mark.parametrize("interval", [Interval.FIVE_MINUTES, Interval.HOUR, Interval.MINUTE])
def test_a_limit_takes_the_newest_whole_bars(interval: Interval) -> None:
    apple = make_instrument("AAPL")
    make_minutes(apple, 200)
    everything = bars(apple, interval=interval)
    assert bars(apple, interval=interval, limit=2) == everything[-2:]
    assert bars(apple, interval=interval, limit=2, from_start=True) == everything[:2]


@pytest.mark.parametrize("interval", list(Interval))
def test_a_range_never_cuts_a_bar(interval: Interval) -> None:
    apple = make_instrument("AAPL")
    make_minutes(apple, 125)
    store(*(make_bar(apple, at=midnight(f"2025-{month:02}-15")) for month in (1, 2, 3, 11, 12)))
    everything = bars(apple, interval=interval)
    start, end = NOON - timedelta(days=390, minutes=3), NOON + timedelta(minutes=62)
    assert bars(apple, interval=interval, start=start, end=end) == [
        bar for bar in everything if start <= bar.opened_at < end
    ]
    first = everything[0].opened_at
    assert bars(apple, interval=interval, start=first) == everything
    assert bars(apple, interval=interval, end=first) == []


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    apple = make_instrument("AAPL")
    store(
        make_bar(apple, "10 11 9 10", at=midnight("2026-01-30")),  # Friday
        make_bar(apple, "12 13 8 12", at=midnight("2026-02-02")),  # Monday
        make_bar(apple, "14 15 7 14", at=midnight("2026-02-06")),  # Friday
    )
    weeks = bars(apple, interval=Interval.WEEK)
    assert [bar.opened_at for bar in weeks] == [midnight("2026-01-26"), midnight("2026-02-02")]
    assert (weeks[1].open, weeks[1].close, weeks[1].low, weeks[1].volume) == decimals("12 14 7 200")
    months = bars(apple, interval=Interval.MONTH)
    assert [bar.opened_at for bar in months] == [midnight("2026-01-01"), midnight("2026-02-01")]


def test_a_day_of_changing_clocks_is_one_day() -> None:
    apple = make_instrument("AAPL")
    for hour in (6, 27, 28):  # from 1 am to 11 pm, and the next day at midnight, local time
        at = datetime(2026, 3, 8, tzinfo=UTC) + timedelta(hours=hour)
        store_ticks([make_tick(apple, at=at)], received_at=at)
    days = bars(apple, interval=Interval.DAY)
    assert [(bar.opened_at, bar.count) for bar in days] == [
        (datetime(2026, 3, 8, 5, tzinfo=UTC), 2),
        (datetime(2026, 3, 9, 4, tzinfo=UTC), 1),
    ]


def test_real_history_goes_on_simulated_in_one_series() -> None:
    apple = make_instrument("AAPL")
    store(make_bar(apple, at=midnight("2025-12-31")))
    store(make_bar(apple, at=midnight("2026-01-02")), source="simulated")
    store_ticks([make_tick(apple)], received_at=NOON)
    assert [bar.source for bar in bars(apple, interval=Interval.DAY)] == [
        "file",
        "simulated",
        "simulated",
    ]
    assert [bar.source for bar in bars(apple, interval=Interval.WEEK)] == ["simulated"] * 2


def test_adjusted_prices_take_dividends_out() -> None:
    apple = make_instrument("AAPL")
    store(
        make_bar(apple, "10 20 5 10", at=midnight("2026-01-02"), adjusted_close="9"),
        make_bar(apple, "10 12 9 11", at=midnight("2026-01-05")),
    )
    first, second = bars(apple, interval=Interval.DAY, adjusted=True)
    assert (first.open, first.high, first.low, first.close) == decimals("9 18 4.5 9")
    assert (second.open, second.close) == decimals("10 11")
    (month,) = bars(apple, interval=Interval.MONTH, adjusted=True)
    assert (month.open, month.high, month.low, month.close) == decimals("9 18 4.5 11")


@pytest.mark.parametrize("interval", list(Interval))
def test_json_says_the_same_as_values(interval: Interval) -> None:
    apple = make_instrument("AAPL")
    store(make_bar(apple, "0.00000001 1000 0.00000001 100", at=midnight("2025-12-31")))
    ticks = [
        make_tick(apple, "10.10", size="3", after_seconds=1),
        make_tick(apple, "10.2", size="0.5", after_seconds=90),
    ]
    store_ticks(ticks, received_at=NOON + timedelta(minutes=2))
    assert orjson.loads(bars_json(apple, interval=interval)) == [
        {
            "opened_at": wire_time(bar.opened_at),
            "open": plain(bar.open),
            "high": plain(bar.high),
            "low": plain(bar.low),
            "close": plain(bar.close),
            "volume": plain(bar.volume),
            "vwap": plain_or_none(bar.vwap),
            "count": bar.count,
            "source": bar.source,
        }
        for bar in bars(apple, interval=interval)
    ]


def test_no_bars_are_an_empty_list() -> None:
    apple = make_instrument("AAPL")
    assert bars_json(apple, interval=Interval.DAY) == b"[]"
    assert bars(apple, interval=Interval.MONTH) == []


def test_a_limit_must_be_positive() -> None:
    with pytest.raises(ValueError, match="limit was 0"):
        bars(make_instrument("AAPL"), interval=Interval.DAY, limit=0)


def test_daily_closes_of_several_instruments(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    apple, sap, silent = make_instrument(), make_instrument(mic="XETR"), make_instrument()
    store(
        make_bar(apple, "9 9 9 9", at=midnight("2025-12-31")),
        make_bar(apple, "8 8 8 8", at=midnight("2025-01-31")),
        make_bar(sap, "7 7 7 7", at=datetime(2026, 1, 1, 23, tzinfo=UTC)),  # January 2 in Berlin
    )
    store_ticks([make_tick(apple, "10"), make_tick(sap, "6")], received_at=NOON)
    with django_assert_num_queries(1):
        closes = daily_closes(
            [apple.id, sap.id, silent.id], start=date(2025, 12, 31), end=date(2026, 1, 5)
        )
    assert closes == {
        apple.id: [(date(2025, 12, 31), Decimal(9)), (date(2026, 1, 5), Decimal(10))],
        sap.id: [(date(2026, 1, 2), Decimal(7)), (date(2026, 1, 5), Decimal(6))],
    }


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Asia/Tokyo"])
@pytest.mark.parametrize("newest_stored", ["2025-03-07", "2025-03-28", "2025-10-24", "2025-10-31"])
def test_minutes_of_a_stored_day_never_stand_for_it(zone: str, newest_stored: str) -> None:
    """Wherever the span begins: those of the days after it do. Clocks are changed in between."""
    apple = make_instrument("AAPL")
    Exchange.objects.filter(mic=apple.exchange_id).update(timezone=zone)
    stored = datetime.fromisoformat(newest_stored).replace(tzinfo=ZoneInfo(zone))
    days = [stored + timedelta(days=after) for after in range(5)]
    last_minutes = [day + timedelta(hours=23, minutes=59) for day in days]
    store(
        make_bar(apple, "9 9 9 9", at=stored),
        *(make_bar(apple, "5 5 5 5", interval="1m", at=at) for at in last_minutes),
    )
    every = [(day.date(), Decimal(9 if day == stored else 5)) for day in days]
    for place, first in enumerate(days):
        found = daily_closes([apple.id], start=first.date(), end=days[-1].date())
        assert found == {apple.id: every[place:]}


def test_closes_on_dates_go_back_to_the_newest_before() -> None:
    apple, silent = make_instrument(), make_instrument()
    store(make_bar(apple, "9 9 9 9", at=midnight("2026-01-02")))
    store_ticks([make_tick(apple, "10")], received_at=NOON)
    days = [date(2026, 1, day) for day in (1, 2, 4, 5, 9)]
    assert closes_on([apple.id, silent.id], days) == {
        (apple.id, days[1]): 9,
        (apple.id, days[2]): 9,
        (apple.id, days[3]): 10,
        (apple.id, days[4]): 10,
    }


def test_statistics_of_a_span() -> None:
    apple = make_instrument("AAPL")
    store(
        make_bar(apple, "10 12 9 10", at=midnight("2026-01-02"), volume="100"),
        make_bar(apple, "10 14 10 12", at=midnight("2026-01-05"), volume="300"),
        make_bar(apple, "12 13 8 11", at=midnight("2026-01-06"), volume="0"),
    )
    found = statistics(apple)
    assert found.count == 3
    assert (found.minimum, found.maximum, found.mean) == decimals("8 14 11")
    assert found.stdev == 1
    assert found.volume == 400
    # (31 / 3 × 100 + 12 × 300) / 400, from typical prices.
    assert found.vwap == Decimal("11.58333333")
    # Daily log returns ln 1.2 and ln (11/12): their deviation is |a - b| / √2, times √252.
    returns = [(Decimal(12) / 10).ln(), (Decimal(11) / 12).ln()]
    expected = abs(returns[0] - returns[1]) / Decimal(2).sqrt() * Decimal(252).sqrt()
    assert found.annualised_volatility is not None
    assert abs(found.annualised_volatility - expected) < Decimal("1e-7")
    assert statistics(apple, start=midnight("2026-01-06")).annualised_volatility is None
    assert statistics(apple, end=midnight("2025-01-06")).mean is None


def test_a_day_whose_minutes_all_came_while_it_was_open_is_not_lost() -> None:
    """The next page is of the day after, and asks for nothing of the one before."""
    apple = make_instrument("AAPL")
    for opened_at, at in ((NOON, NOON), (NOON + timedelta(days=1), NOON + timedelta(days=2))):
        minute = make_bar(apple, "10 12 9 11", interval="1m", at=opened_at)
        store_bars([minute], source="alpaca", recorded_at=at)
        roll_up_minutes([(apple.id, opened_at)], source="alpaca", at=at, run_id=None)
    days = [date(2026, 1, 5), date(2026, 1, 6)]
    closes = daily_closes([apple.id], start=days[0], end=days[1])
    assert closes == {apple.id: [(day, Decimal(11)) for day in days]}
    assert [bar.opened_at.date() for bar in bars(apple, interval=Interval.DAY)] == days
