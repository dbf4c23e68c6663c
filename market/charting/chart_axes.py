"""Where prices, marks, volume and panes stand in a chart, from the top down. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from market.charting.chart_shapes import ROOM_ON_THE_RIGHT
from market.charting.indicator_choice import Indicator, IndicatorKind
from market.charting.indicator_lines import FIRST_PANE_AXIS
from market.values import BarValue

RANGE_PADDING: Final = 0.06  # of the height of what is drawn
TICKS: Final = 6
# Heights in shares of a chart without panes.
PRICES, MARKS, VOLUME, PANE, GAP = 0.8, 0.04, 0.16, 0.22, 0.03
STRENGTH_BOUNDS: Final = [30, 70]  # above it counts as overbought, below as oversold


def chart_axes(bars: Sequence[BarValue], panes: Sequence[Indicator]) -> dict[str, Any]:
    """Time below everything, prices on the right, volume without figures, then the panes."""
    total = PRICES + MARKS + VOLUME + len(panes) * (PANE + GAP)
    edge = 1.0
    axes: dict[str, Any] = {"xaxis": _time_axis(bars, pane_count=len(panes))}
    for name, height, looks in (
        ("yaxis", PRICES, _price_axis(bars)),
        # A strip of marks, see market/charting/action_markers.py.
        ("yaxis3", MARKS, {"range": [0, 1], "visible": False}),
        ("yaxis2", VOLUME, {"visible": False, "rangemode": "tozero"}),
    ):
        axes[name] = looks | {"domain": _domain(edge, height / total), "fixedrange": True}
        edge -= height / total
    for number, indicator in enumerate(panes):
        edge -= GAP / total
        axes[f"yaxis{FIRST_PANE_AXIS + number}"] = _pane_axis(indicator) | {
            "domain": _domain(edge, PANE / total),
            "fixedrange": True,
        }
        edge -= PANE / total
    return axes


def price_range(bars: Sequence[BarValue]) -> list[float]:
    """The lowest and the highest price to draw, with some air."""
    if not bars:
        return [0.0, 1.0]
    low, high = min(bar.low for bar in bars), max(bar.high for bar in bars)
    air = (high - low or high) * Decimal(str(RANGE_PADDING))
    return [float(low - air), float(high + air)]


def time_ticks(labels: Sequence[str]) -> dict[str, Any]:
    """A handful of labels along the time axis, at even steps that end with the newest."""
    step = max(1, len(labels) // TICKS)
    places = list(range(len(labels) - 1, -1, -step))[::-1]
    return {"tickvals": places, "ticktext": [labels[place] for place in places]}


def _domain(top: float, height: float) -> list[float]:
    return [round(max(0.0, top - height), 4), round(top, 4)]


def _time_axis(bars: Sequence[BarValue], *, pane_count: int) -> dict[str, Any]:
    return {
        "type": "linear",
        "range": [-1, len(bars) - 1 + ROOM_ON_THE_RIGHT],
        "anchor": f"y{FIRST_PANE_AXIS + pane_count - 1}" if pane_count else "y2",
        "showgrid": False,
        "zeroline": False,
        "tickangle": 0,
        "rangeslider": {"visible": False},
    }


def _price_axis(bars: Sequence[BarValue]) -> dict[str, Any]:
    return {
        "side": "right",
        "range": price_range(bars),
        "gridcolor": "--line",
        "zeroline": False,
        "nticks": 8,
        "tickformat": ",.2f",
    }


def _pane_axis(indicator: Indicator) -> dict[str, Any]:
    looks: dict[str, Any] = {"side": "right", "gridcolor": "--line", "zeroline": False}
    if indicator.kind is IndicatorKind.STRENGTH:
        return looks | {"range": [0, 100], "tickvals": STRENGTH_BOUNDS}
    return looks | {"zeroline": True, "zerolinecolor": "--line-strong", "nticks": 4}
