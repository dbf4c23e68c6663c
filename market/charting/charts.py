"""Bars as a Plotly figure. Pure: values in, a dictionary out.

Candles stand at 0, 1, 2, …, so nights and weekends leave no gap. Coordinates are floats, because
they only place ink; every figure that is read as a number is written here from exact decimals.
A colour is the name of a CSS custom property (``--rise``); the page's script puts in what the
theme makes of it. The newest bar is not in the candle trace: the script draws it as the first two
shapes, the wick and the body, which it can move without drawing the other candles again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from market.charting.chart_axes import chart_axes
from market.charting.chart_shapes import (
    boundary_shapes,
    boundary_words,
    candle_colour,
    moving_shapes,
)
from market.charting.chart_style import ChartStyle, bar_closes_at, bar_label, clock
from market.charting.chart_summary import candle_summary
from market.charting.indicator_lines import (
    DrawnLine,
    drawn_lines,
    legend_words,
    line_trace,
    panes_of,
    reading,
)
from market.charting.price_lines import line_shapes, line_words
from market.values import SIMULATED, BarValue, plain, wire_time


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies beyond the bars that are drawn."""

    earlier_closes: Sequence[Decimal] = ()  # right before them, for indicators to begin with
    has_older: bool = False
    has_newer: bool = False  # then none of the bars drawn still moves


NOTHING_BEYOND: Final = Surroundings()


def candlestick_figure(
    bars: Sequence[BarValue], style: ChartStyle, beyond: Surroundings = NOTHING_BEYOND
) -> dict[str, Any]:
    """Draw candles over their volume, with indicators.

    Args:
        bars: ascending in time, the last one still moving unless there are newer ones.
        style: how to label them.
        beyond: what lies before and after them.

    Returns:
        ``data`` and ``layout`` for Plotly, and what ``figure_frame`` says.
    """
    labels = [bar_label(bar.opened_at, style) for bar in bars]
    closes = [*beyond.earlier_closes, *(bar.close for bar in bars)]
    lines = drawn_lines(closes, style.indicators, drawn=len(bars))
    still = bars if beyond.has_newer else bars[:-1]
    layout = chart_layout(bars, style)
    boundary = simulated_from(bars) or None  # at place 0 there is nothing real before it
    moving = () if beyond.has_newer else bars
    layout["shapes"] = [
        *moving_shapes(moving),
        *boundary_shapes(boundary),
        *line_shapes(style.lines),
    ]
    layout["annotations"] = [
        *boundary_words(boundary),
        *line_words(style.lines),
        *legend_words(lines),
    ]
    return {
        "data": [
            _candles(still, labels, style, lines),
            _volume(bars),
            *(line_trace(line) for line in lines),
        ],
        "layout": layout,
        "summary": candle_summary(bars, labels, lines),
        **figure_frame(bars, labels, style, beyond),
    }


def figure_frame(
    bars: Sequence[BarValue], labels: Sequence[str], style: ChartStyle, beyond: Surroundings
) -> dict[str, Any]:
    """What the page needs besides the drawing.

    ``labels``, one per bar, for the time axis; ``opened``, when each opened, in seconds since
    1970; ``live``, the moving bar with exact numbers, or None where there is none; ``note``, what
    is simulated, in words; whether there are bars beyond; how many panes stand below.
    """
    return {
        "labels": labels,
        "opened": [int(bar.opened_at.timestamp()) for bar in bars],
        "live": None if beyond.has_newer else _live_bar(bars, style),
        "note": simulated_note(bars, labels),
        "has_older": beyond.has_older,
        "has_newer": beyond.has_newer,
        "panes": len(panes_of(style.indicators)),
    }


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


def _candles(
    bars: Sequence[BarValue],
    labels: Sequence[str],
    style: ChartStyle,
    lines: Sequence[DrawnLine],
) -> dict[str, Any]:
    return {
        "type": "candlestick",
        "x": list(range(len(bars))),
        "open": [float(bar.open) for bar in bars],
        "high": [float(bar.high) for bar in bars],
        "low": [float(bar.low) for bar in bars],
        "close": [float(bar.close) for bar in bars],
        "text": [
            hover_text(bar, labels[place], style, _line_readings(lines, place))
            for place, bar in enumerate(bars)
        ],
        "hoverinfo": "text",
        "whiskerwidth": 0,
        "increasing": {"line": {"color": "--rise", "width": 1}, "fillcolor": "--rise"},
        "decreasing": {"line": {"color": "--fall", "width": 1}, "fillcolor": "--fall"},
    }


def _volume(bars: Sequence[BarValue]) -> dict[str, Any]:
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


def chart_layout(bars: Sequence[BarValue], style: ChartStyle) -> dict[str, Any]:
    """Looks and axes, without shapes and words."""
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
        **chart_axes(bars, panes_of(style.indicators)),
    }


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


def _line_readings(lines: Sequence[DrawnLine], place: int) -> list[str]:
    return [
        f"{line.name}: {reading(value)}"
        for line in lines
        if (value := line.values[place]) is not None
    ]


def hover_text(bar: BarValue, label: str, style: ChartStyle, readings: Sequence[str] = ()) -> str:
    """What a reader is told of one bar, a line each; also read out to those who hear the page."""
    title = label  # without <b>: Plotly would style it in place, which the page does not allow
    if style.interval.is_intraday:
        local = bar.opened_at.astimezone(style.exchange_zone)
        title += f"<br>{clock(local)} at the exchange"
    lines = [
        title,
        f"Open {bar.open:,.2f}",
        f"High {bar.high:,.2f}",
        f"Low {bar.low:,.2f}",
        f"Close {bar.close:,.2f}",
        f"Volume {bar.volume:,.0f}",
        *readings,
    ]
    if bar.source == SIMULATED:
        lines.append("simulated")
    return "<br>".join(lines)
