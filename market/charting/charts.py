"""Bars as a Plotly figure. Pure: values in, a dictionary out.

Candles stand at 0, 1, 2, …, so nights and weekends leave no gap. Coordinates are floats, because
they only place ink; every figure that is read as a number is written here from exact decimals.
A colour is the name of a CSS custom property (``--rise``); the page's script puts in what the
theme makes of it. The newest bar is not in the candle trace: the script draws it as the first two
shapes, the wick and the body, which it can move without drawing the other candles again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final

from market.charting.chart_shapes import (
    ROOM_ON_THE_RIGHT,
    boundary_shapes,
    boundary_words,
    candle_colour,
    moving_shapes,
)
from market.charting.indicators import exponential_moving_average, simple_moving_average
from market.charting.price_lines import PriceLine, line_shapes, line_words
from market.values import BarValue, Interval, plain, wire_time

SIMULATED: Final = "simulated"
RANGE_PADDING: Final = 0.06  # of the height of what is drawn


@dataclass(frozen=True, slots=True)
class Overlay:
    """A line over the candles."""

    label: str
    colour: str
    compute: Callable[[Sequence[Decimal]], list[Decimal | None]]


OVERLAYS: Final[dict[str, Overlay]] = {
    "sma20": Overlay("SMA 20", "--accent", lambda closes: simple_moving_average(closes, length=20)),
    "ema50": Overlay(
        "EMA 50", "--warning", lambda closes: exponential_moving_average(closes, length=50)
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartStyle:
    """How one chart is labelled."""

    interval: Interval
    exchange_zone: tzinfo
    viewer_zone: tzinfo
    overlays: Sequence[str] = ()  # keys of OVERLAYS
    lines: Sequence[PriceLine] = ()  # prices that are waited for


def candlestick_figure(bars: Sequence[BarValue], style: ChartStyle) -> dict[str, Any]:
    """Draw candles over their volume.

    Args:
        bars: ascending in time, the last one still moving.
        style: how to label them.

    Returns:
        ``data`` and ``layout`` for Plotly; ``labels``, one per bar, for the time axis; ``live``,
        the moving bar with exact numbers, or None where there are no bars; ``note``, what is
        simulated, in words.
    """
    labels = [bar_label(bar.opened_at, style) for bar in bars]
    return {
        "data": [
            _candles(bars[:-1], labels, style),
            _volume(bars, labels),
            *(_overlay_line(OVERLAYS[key], bars) for key in style.overlays),
        ],
        "layout": _layout(bars, style.lines),
        "labels": labels,
        "live": _live_bar(bars, style),
        "note": simulated_note(bars, labels),
    }


def bar_label(opened_at: datetime, style: ChartStyle) -> str:
    """Name a bar on the time axis: in the viewer's zone within a day, else by exchange date."""
    if style.interval.is_intraday:
        return _clock(opened_at.astimezone(style.viewer_zone))
    local = opened_at.astimezone(style.exchange_zone)
    if style.interval is Interval.MONTH:
        return f"{local:%b %Y}"
    return f"{local.day} {local:%b %Y}"


def bar_closes_at(opened_at: datetime, interval: Interval, exchange_zone: tzinfo) -> datetime:
    """When the bucket that starts at ``opened_at`` ends; days end at the exchange's midnight."""
    if interval.is_intraday:
        return opened_at + timedelta(seconds=interval.seconds)
    date = opened_at.astimezone(exchange_zone).date()
    match interval:
        case Interval.WEEK:
            next_date = date + timedelta(days=7 - date.weekday())
        case Interval.MONTH:
            next_date = (date.replace(day=28) + timedelta(days=4)).replace(day=1)
        case _:
            next_date = date + timedelta(days=1)
    return datetime.combine(next_date, time(), exchange_zone)


def simulated_note(bars: Sequence[BarValue], labels: Sequence[str]) -> str:
    """Say which of the bars the simulator made; empty where it made none."""
    start = simulated_from(bars)
    if start is None:
        return ""
    if start == 0:
        return "Every price in this view is simulated."
    return f"Real prices to {labels[start - 1]}, simulated since."


def simulated_from(bars: Sequence[BarValue]) -> int | None:
    """The place of the first simulated bar, or None."""
    return next((index for index, bar in enumerate(bars) if bar.source == SIMULATED), None)


def _candles(bars: Sequence[BarValue], labels: Sequence[str], style: ChartStyle) -> dict[str, Any]:
    return {
        "type": "candlestick",
        "x": list(range(len(bars))),
        "open": [float(bar.open) for bar in bars],
        "high": [float(bar.high) for bar in bars],
        "low": [float(bar.low) for bar in bars],
        "close": [float(bar.close) for bar in bars],
        "text": [_hover_text(bar, label, style) for bar, label in zip(bars, labels, strict=False)],
        "hoverinfo": "text",
        "whiskerwidth": 0,
        "increasing": {"line": {"color": "--rise", "width": 1}, "fillcolor": "--rise"},
        "decreasing": {"line": {"color": "--fall", "width": 1}, "fillcolor": "--fall"},
    }


def _volume(bars: Sequence[BarValue], labels: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "bar",
        "x": list(range(len(bars))),
        "y": [float(bar.volume) for bar in bars],
        "yaxis": "y2",
        "hoverinfo": "skip",
        "marker": {
            "color": [candle_colour(bar.open, bar.close) for bar in bars],
            "opacity": 0.35,
            "line": {"width": 0},
        },
    }


def _overlay_line(overlay: Overlay, bars: Sequence[BarValue]) -> dict[str, Any]:
    values = overlay.compute([bar.close for bar in bars])
    return {
        "type": "scatter",
        "mode": "lines",
        "name": overlay.label,
        "x": list(range(len(values))),
        "y": [None if value is None else float(value) for value in values],
        "hoverinfo": "skip",
        "line": {"color": overlay.colour, "width": 1.5},
    }


def _layout(bars: Sequence[BarValue], lines: Sequence[PriceLine]) -> dict[str, Any]:
    boundary = simulated_from(bars) or None  # at place 0 there is nothing real before it
    return {
        "autosize": True,
        "boxmode": "overlay",
        "showlegend": False,
        "hovermode": "x",
        "dragmode": "pan",
        "paper_bgcolor": "--surface",
        "plot_bgcolor": "--surface",
        "font": {"color": "--text-muted", "size": 12},
        "hoverlabel": {
            "bgcolor": "--surface-raised",
            "bordercolor": "--line-strong",
            "font": {"color": "--text", "size": 12},
            "align": "left",
        },
        "margin": {"l": 12, "r": 64, "t": 12, "b": 28},
        "bargap": 0.3,
        **_axes(bars),
        "shapes": [*moving_shapes(bars), *boundary_shapes(boundary), *line_shapes(lines)],
        "annotations": [*boundary_words(boundary), *line_words(lines)],
    }


def _axes(bars: Sequence[BarValue]) -> dict[str, Any]:
    """Time below, prices on the right, volume at the foot without figures."""
    return {
        "xaxis": {
            "type": "linear",
            "range": [-1, len(bars) - 1 + ROOM_ON_THE_RIGHT],
            "anchor": "y2",
            "showgrid": False,
            "zeroline": False,
            "tickangle": 0,
            "rangeslider": {"visible": False},
        },
        "yaxis": {
            "side": "right",
            "domain": [0.2, 1],
            "range": price_range(bars),
            "fixedrange": True,
            "gridcolor": "--line",
            "zeroline": False,
            "nticks": 8,
            "tickformat": ",.2f",
        },
        "yaxis2": {
            "domain": [0, 0.16],
            "fixedrange": True,
            "visible": False,
            "rangemode": "tozero",
        },
        # A strip of marks, see market/charting/action_markers.py.
        "yaxis3": {"domain": [0.16, 0.2], "range": [0, 1], "fixedrange": True, "visible": False},
    }


def price_range(bars: Sequence[BarValue]) -> list[float]:
    """The lowest and the highest price to draw, with some air."""
    if not bars:
        return [0.0, 1.0]
    low, high = min(bar.low for bar in bars), max(bar.high for bar in bars)
    air = (high - low or high) * Decimal(str(RANGE_PADDING))
    return [float(low - air), float(high + air)]


def _live_bar(bars: Sequence[BarValue], style: ChartStyle) -> dict[str, Any] | None:
    if not bars:
        return None
    bar = bars[-1]
    return {
        "index": len(bars) - 1,
        "opened_at": wire_time(bar.opened_at),
        "closes_at": wire_time(bar_closes_at(bar.opened_at, style.interval, style.exchange_zone)),
        "open": plain(bar.open),
        "high": plain(bar.high),
        "low": plain(bar.low),
        "close": plain(bar.close),
        "source": bar.source,
    }


def _hover_text(bar: BarValue, label: str, style: ChartStyle) -> str:
    title = f"<b>{label}</b>"
    if style.interval.is_intraday:
        local = bar.opened_at.astimezone(style.exchange_zone)
        title += f"<br>{_clock(local)} at the exchange"
    lines = [
        title,
        f"Open {bar.open:,.2f}",
        f"High {bar.high:,.2f}",
        f"Low {bar.low:,.2f}",
        f"Close {bar.close:,.2f}",
        f"Volume {bar.volume:,.0f}",
    ]
    if bar.source == SIMULATED:
        lines.append("simulated")
    return "<br>".join(lines)


def _clock(at: datetime) -> str:
    return f"{at.day} {at:%b %H:%M}"
