"""Bars become a figure that a browser can draw and move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.charting.chart_axes import price_range
from market.charting.chart_style import ChartStyle, bar_closes_at, bar_label
from market.charting.charts import Surroundings, candlestick_figure
from market.charting.indicator_choice import OFFERED, parse_indicators
from market.charting.sparklines import sparkline_path
from market.values import BarValue, Interval

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2020, 1, 6, 5, tzinfo=UTC)  # midnight in New York


def make_bar(
    index: int = 0, *, opening: str = "10", close: str = "11", source: str = "sample"
) -> BarValue:
    prices = (Decimal(opening), Decimal(close))
    return BarValue(
        opened_at=START + timedelta(days=index),
        open=prices[0],
        high=max(prices) + 1,
        low=min(prices) - 1,
        close=prices[1],
        volume=Decimal(1000),
        vwap=None,
        count=None,
        source=source,
    )


def daily(**changes: object) -> ChartStyle:
    style = {"interval": Interval.DAY, "exchange_zone": NEW_YORK, "viewer_zone": BERLIN}
    return ChartStyle(**(style | changes))  # type: ignore[arg-type]


def test_no_bars_draw_an_empty_chart() -> None:
    figure = candlestick_figure([], daily())
    assert figure["live"] is None
    assert figure["layout"]["shapes"] == []
    assert figure["data"][0]["x"] == []


def test_the_newest_bar_is_two_shapes_and_not_a_candle() -> None:
    figure = candlestick_figure(
        [make_bar(0), make_bar(1), make_bar(2, opening="11", close="9")], daily()
    )
    candles, volume = figure["data"]
    assert candles["x"] == [0, 1]
    assert volume["x"] == [0, 1, 2]
    wick, body = figure["layout"]["shapes"]
    assert (wick["x0"], wick["y0"], wick["y1"]) == (2, 8.0, 12.0)
    assert (body["y0"], body["y1"], body["fillcolor"]) == (11.0, 9.0, "--fall")


def test_the_live_bar_carries_exact_numbers_and_its_end() -> None:
    live = candlestick_figure([make_bar(opening="310.10", close="310.205")], daily())["live"]
    assert live["open"] == "310.1"
    assert live["close"] == "310.205"
    assert live["closes_at"] == "2020-01-07T05:00:00Z"


def test_the_range_slider_is_off() -> None:
    layout = candlestick_figure([make_bar()], daily())["layout"]
    assert layout["xaxis"]["rangeslider"] == {"visible": False}


def test_five_hundred_candles_stay_within_120_kilobytes() -> None:
    figure = candlestick_figure([make_bar(index) for index in range(500)], daily())
    assert len(orjson.dumps(figure)) < 120_000


def test_simulated_bars_after_real_ones_are_marked_off() -> None:
    bars = [
        make_bar(0),
        make_bar(1),
        make_bar(2, source="simulated"),
        make_bar(3, source="simulated"),
    ]
    figure = candlestick_figure(bars, daily())
    shade, line = figure["layout"]["shapes"][2:]
    assert shade["layer"] == "below"
    assert line["x0"] == line["x1"] == 1.5
    assert figure["layout"]["annotations"][0]["text"].startswith("simulated")
    assert figure["note"] == "Real prices to 7 Jan 2020, simulated since."
    assert figure["data"][0]["text"][2].endswith("simulated")
    assert "simulated" not in figure["data"][0]["text"][1]


def test_wholly_simulated_bars_need_no_boundary() -> None:
    figure = candlestick_figure(
        [make_bar(index, source="simulated") for index in range(3)], daily()
    )
    assert len(figure["layout"]["shapes"]) == 2
    assert figure["layout"]["annotations"] == []
    assert figure["note"] == "Every price in this view is simulated."


def test_real_bars_carry_no_note() -> None:
    assert candlestick_figure([make_bar(0), make_bar(1)], daily())["note"] == ""


@pytest.mark.parametrize(
    ("interval", "label"),
    [
        (Interval.MINUTE, "6 Jan 06:00"),
        (Interval.HOUR, "6 Jan 06:00"),
        (Interval.DAY, "6 Jan 2020"),
        (Interval.WEEK, "6 Jan 2020"),
        (Interval.MONTH, "Jan 2020"),
    ],
)
def test_labels_are_the_viewers_clock_within_a_day_and_exchange_dates_beyond(
    interval: Interval, label: str
) -> None:
    assert bar_label(START, daily(interval=interval)) == label


def test_intraday_hover_words_name_the_exchange_time_too() -> None:
    figure = candlestick_figure([make_bar(0), make_bar(1)], daily(interval=Interval.MINUTE))
    assert figure["data"][0]["text"][0].startswith("6 Jan 06:00<br>6 Jan 00:00 at the exchange")


@pytest.mark.parametrize(
    ("interval", "opened_at", "closes_at"),
    [
        (Interval.MINUTE, START, START + timedelta(minutes=1)),
        (Interval.THIRTY_MINUTES, START, START + timedelta(minutes=30)),
        (Interval.DAY, START, START + timedelta(days=1)),
        (Interval.WEEK, START, START + timedelta(days=7)),
        (Interval.MONTH, datetime(2020, 1, 1, 5, tzinfo=UTC), datetime(2020, 2, 1, 5, tzinfo=UTC)),
        # The day on which New York's clocks go forward has 23 hours.
        (Interval.DAY, datetime(2020, 3, 8, 5, tzinfo=UTC), datetime(2020, 3, 9, 4, tzinfo=UTC)),
        (Interval.MONTH, datetime(2019, 12, 1, 5, tzinfo=UTC), datetime(2020, 1, 1, 5, tzinfo=UTC)),
    ],
)
def test_a_bucket_ends_where_the_next_begins(
    interval: Interval, opened_at: datetime, closes_at: datetime
) -> None:
    assert bar_closes_at(opened_at, interval, NEW_YORK) == closes_at


def chosen(text: str) -> object:
    return parse_indicators(text, most=8, length_maximum=250)


def test_averages_are_lines_as_long_as_the_bars() -> None:
    bars = [make_bar(index) for index in range(60)]
    figure = candlestick_figure(bars, daily(indicators=chosen("sma:20,ema:50")))
    lines = figure["data"][2:]
    assert [line["name"] for line in lines] == ["SMA 20", "EMA 50"]
    assert all(len(line["y"]) == 60 for line in lines)
    assert lines[0]["y"][18] is None
    assert lines[0]["y"][19] == 11.0
    assert figure["data"][0]["text"][19].endswith("SMA 20: 11.00")
    assert "SMA" not in figure["data"][0]["text"][18]


def test_earlier_closes_let_an_average_begin_at_the_first_bar() -> None:
    bars = [make_bar(index) for index in range(3)]
    beyond = Surroundings([Decimal(5)] * 19, has_older=True)
    figure = candlestick_figure(bars, daily(indicators=chosen("sma:20")), beyond)
    assert figure["data"][2]["y"] == pytest.approx([5.3, 5.6, 5.9])
    assert figure["has_older"] is True


def test_strength_and_convergence_have_panes_of_their_own() -> None:
    bars = [make_bar(index) for index in range(60)]
    figure = candlestick_figure(bars, daily(indicators=chosen("rsi,macd,bb")))
    axes = {trace["name"]: trace["yaxis"] for trace in figure["data"][2:]}
    assert axes["RSI 14"] == "y4"
    assert {axes[name] for name in axes if name.startswith("MACD")} == {"y5"}
    assert {axes[name] for name in axes if name.startswith("Bollinger")} == {"y"}
    layout = figure["layout"]
    tops = [layout[name]["domain"] for name in ("yaxis", "yaxis3", "yaxis2", "yaxis4", "yaxis5")]
    assert all(above[0] >= below[1] for above, below in pairwise(tops))
    assert tops[-1][0] == 0
    assert layout["xaxis"]["anchor"] == "y5"
    assert figure["panes"] == 2


def test_every_offered_indicator_draws_at_once_within_its_size() -> None:
    bars = [make_bar(index) for index in range(500)]
    figure = candlestick_figure(bars, daily(indicators=OFFERED))
    assert len(orjson.dumps(figure)) < 250_000


def test_bars_of_the_past_all_stand_still() -> None:
    bars = [make_bar(index) for index in range(3)]
    figure = candlestick_figure(bars, daily(), Surroundings(has_newer=True))
    assert figure["live"] is None
    assert figure["layout"]["shapes"] == []
    assert figure["data"][0]["x"] == [0, 1, 2]


def test_the_summary_says_where_prices_went() -> None:
    bars = [make_bar(0), make_bar(1, opening="20", close="22"), make_bar(2, close="15")]
    summary = candlestick_figure(bars, daily(indicators=chosen("sma:2")))["summary"]
    assert summary == (
        "3 candles from 6 Jan 2020 to 8 Jan 2020. From 10.00 to 15.00 (+50.00%). "
        "Highest 23.00 on 7 Jan 2020, lowest 9.00 on 6 Jan 2020. Newest: SMA 2 18.50."
    )


def test_a_flat_price_still_has_height() -> None:
    low, high = price_range([make_bar(opening="5", close="5")])
    assert low < 4
    assert high > 6


PRICES = st.decimals(min_value="0.01", max_value="100000", places=2)


@given(st.lists(PRICES, min_size=2, max_size=60))
def test_a_sparkline_stays_within_its_box(values: list[Decimal]) -> None:
    points = [
        tuple(map(float, point.split())) for point in sparkline_path(values).lstrip("M").split("L")
    ]
    assert len(points) == len(values)
    assert all(0 <= x <= 96 and 0 <= y <= 32 for x, y in points)


@pytest.mark.parametrize("values", [[], [Decimal(1)]])
def test_fewer_than_two_values_draw_no_sparkline(values: list[Decimal]) -> None:
    assert sparkline_path(values) == ""
