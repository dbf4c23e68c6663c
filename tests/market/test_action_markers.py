"""Where on a chart dividends and splits are marked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from market.charting.action_markers import MarkedAction, action_markers, place_of
from market.charting.chart_style import ChartStyle
from market.values import BarValue, Interval

NEW_YORK = ZoneInfo("America/New_York")
MONDAY = datetime(2026, 1, 5, 5, tzinfo=UTC)  # midnight in New York


def bars(*opened_at: datetime) -> list[BarValue]:
    one = Decimal(1)
    return [BarValue(at, one, one, one, one, one, None, None, "sample") for at in opened_at]


def style(interval: Interval) -> ChartStyle:
    return ChartStyle(interval=interval, exchange_zone=NEW_YORK, viewer_zone=UTC)


def place(day: date, drawn: list[BarValue], interval: Interval) -> int | None:
    return place_of(day, drawn, style(interval))


def test_a_day_is_its_own_bar_and_a_holiday_the_next() -> None:
    days = bars(MONDAY, MONDAY + timedelta(days=1), MONDAY + timedelta(days=4))
    assert place(date(2026, 1, 5), days, Interval.DAY) == 0
    assert place(date(2026, 1, 6), days, Interval.DAY) == 1
    assert place(date(2026, 1, 7), days, Interval.DAY) == 2
    assert place(date(2026, 1, 4), days, Interval.DAY) is None
    assert place(date(2026, 1, 10), days, Interval.DAY) is None


def test_a_week_holds_its_days_the_newest_too() -> None:
    weeks = bars(MONDAY, MONDAY + timedelta(days=7))
    assert place(date(2026, 1, 8), weeks, Interval.WEEK) == 0
    assert place(date(2026, 1, 14), weeks, Interval.WEEK) == 1
    assert place(date(2026, 1, 19), weeks, Interval.WEEK) is None


def test_minutes_are_marked_at_the_first_of_the_day() -> None:
    opening = MONDAY + timedelta(hours=9, minutes=30)
    minutes = bars(opening, opening + timedelta(minutes=1), opening + timedelta(days=1))
    assert place(date(2026, 1, 5), minutes, Interval.MINUTE) == 0
    assert place(date(2026, 1, 6), minutes, Interval.MINUTE) == 2
    assert place(date(2026, 1, 2), minutes, Interval.MINUTE) is None


def test_traces_have_a_place_for_each_bar() -> None:
    days = bars(*(MONDAY + timedelta(days=number) for number in range(3)))
    dividend = MarkedAction(date(2026, 1, 6), is_split=False, words="Dividend 1 USD")
    special = MarkedAction(date(2026, 1, 6), is_split=False, words="Special dividend 2 USD")
    (trace,) = action_markers(days, [dividend, special], style(Interval.DAY))
    assert trace["text"] == [None, "Dividend 1 USD<br>Special dividend 2 USD", None]
    assert (trace["x"], trace["y"]) == ([0, 1, 2], [None, 0.5, None])


def test_nothing_to_mark_is_no_trace() -> None:
    assert action_markers([], [], style(Interval.DAY)) == []
    far = MarkedAction(date(2020, 1, 6), is_split=True, words="Split 2 for 1")
    assert action_markers(bars(MONDAY), [far], style(Interval.DAY)) == []
