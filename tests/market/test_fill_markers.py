"""Where on a chart an investor's own fills are marked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from market.charting.chart_style import ChartStyle
from market.charting.fill_markers import OwnFill, fill_markers
from market.charting.own_fills import comparable_fills
from market.corporate_actions.adjustment import Split, price_factors
from market.values import BarValue, Interval

START = datetime(2026, 1, 5, tzinfo=UTC)
DAILY = ChartStyle(interval=Interval.DAY, exchange_zone=UTC, viewer_zone=UTC)


def bars(count: int) -> list[BarValue]:
    ten = Decimal(10)
    return [
        BarValue(START + timedelta(days=day), ten, ten, ten, ten, ten, None, None, "sample")
        for day in range(count)
    ]


def fill(day: float, quantity: str, price: str, *, is_buy: bool = True) -> OwnFill:
    return OwnFill(START + timedelta(days=day), is_buy, Decimal(quantity), Decimal(price))


def test_purchases_point_up_and_sales_down() -> None:
    bought, sold = fill_markers(
        bars(3), [fill(0.5, "3", "10.5"), fill(2.9, "1", "12", is_buy=False)], DAILY
    )
    assert (bought["y"], bought["marker"]["symbol"]) == ([10.5, None, None], "triangle-up")
    assert (sold["y"], sold["marker"]["symbol"]) == ([None, None, 12.0], "triangle-down")
    assert bought["text"][0] == "Bought 3 at 10.50"
    assert bought["marker"]["color"] != sold["marker"]["color"]


def test_fills_of_one_bar_are_one_mark_at_their_average() -> None:
    (trace,) = fill_markers(bars(1), [fill(0.1, "1", "10"), fill(0.2, "3", "12")], DAILY)
    assert trace["y"] == [11.5]
    assert trace["text"] == ["Bought 4 at 11.50, 2 fills"]


def test_fills_outside_of_the_bars_are_left_out() -> None:
    assert fill_markers(bars(2), [fill(-0.1, "1", "10"), fill(2, "1", "10")], DAILY) == []
    assert fill_markers([], [fill(0, "1", "10")], DAILY) == []


def test_fills_before_a_split_count_in_units_of_today() -> None:
    split = Split(START + timedelta(days=1), Decimal("0.25"), is_in_history=False)
    factors = price_factors([split], [], closes={}, horizon=None, with_dividends=False)
    before, after = comparable_fills([fill(0, "10", "400"), fill(1, "10", "100")], factors)
    assert (before.quantity, before.price) == (Decimal(40), Decimal(100))
    assert (after.quantity, after.price) == (Decimal(10), Decimal(100))
