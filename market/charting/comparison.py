"""Several instruments in one chart: their closes as lines, compared in percent. Pure.

The lines carry closes. How many percent they rose depends on the first bar in sight, so whoever
shows the figure divides by what each line has there; ``since_first`` does it for the whole figure.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from market.charting.chart_style import ChartStyle, bar_closes_at, bar_label
from market.charting.chart_summary import change_words
from market.charting.charts import Surroundings, chart_layout, figure_frame
from market.charting.indicator_lines import LOOKS, DrawnLine, legend_words, line_trace
from market.charting.indicators import Line
from market.values import BarValue


@dataclass(frozen=True, slots=True)
class ComparedSeries:
    """The bars of one instrument, ascending; prices in its own currency."""

    name: str
    bars: Sequence[BarValue]


def comparison_figure(
    bars: Sequence[BarValue],
    compared: Sequence[ComparedSeries],
    style: ChartStyle,
    beyond: Surroundings,
    *,
    name: str,
) -> dict[str, Any]:
    """Draw one line for the bars and one for each other instrument, in percent since the first.

    Returns:
        A figure as of candles. ``compared`` holds the closes behind each trace, so that the page
        can compare from another bar on.
    """
    labels = [bar_label(bar.opened_at, style) for bar in bars]
    closes: list[tuple[str, Line]] = [(name, [bar.close for bar in bars])]
    closes += [(other.name, closes_along(bars, other.bars, style)) for other in compared]
    lines = [
        DrawnLine(name, since_first(values), colour, dash, "y")
        for (name, values), (colour, dash) in zip(closes, LOOKS, strict=False)
    ]
    traces = [line_trace(line) for line in lines]
    if traces:
        traces[0] |= {"hoverinfo": "text", "text": _texts(labels, closes)}
    layout = chart_layout(bars, style)
    layout["yaxis"] |= {"ticksuffix": "%", "tickformat": "+.2~f", "zeroline": True}
    layout["yaxis"] |= {"zerolinecolor": "--line-strong", "domain": [0, 1]}
    layout["xaxis"]["anchor"] = "y"
    del layout["yaxis"]["range"]
    layout |= {"shapes": [], "annotations": legend_words(lines)}
    return {
        "data": traces,
        "layout": layout,
        "compared": [
            [None if value is None else float(value) for value in values] for _, values in closes
        ],
        "summary": _summary(labels, closes),
        **figure_frame(bars, labels, style, beyond),
    }


def closes_along(bars: Sequence[BarValue], others: Sequence[BarValue], style: ChartStyle) -> Line:
    """For each bar the newest close of the others that began before it ended; None before all."""
    found: Line = []
    for bar in bars:
        ends_at = bar_closes_at(bar.opened_at, style.interval, style.exchange_zone)
        place = bisect_left(others, ends_at, key=lambda other: other.opened_at)
        found.append(others[place - 1].close if place else None)
    return found


def since_first(values: Line) -> Line:
    """Each value in percent of the first known one, less 100: ``5`` is five percent more."""
    base = next((value for value in values if value), None)
    if base is None:
        return [None] * len(values)
    return [None if value is None else (value / base - 1) * Decimal(100) for value in values]


def _texts(labels: Sequence[str], closes: Sequence[tuple[str, Line]]) -> list[str]:
    return [
        "<br>".join(
            [label] + [f"{name} {value:,.2f}" for name, line in closes if (value := line[place])]
        )
        for place, label in enumerate(labels)
    ]


def _summary(labels: Sequence[str], closes: Sequence[tuple[str, Line]]) -> str:
    if not labels:
        return "There are no prices to draw."
    words = []
    for name, line in closes:
        known = [value for value in line if value]
        words.append(
            f"{name} from {known[0]:,.2f} to {known[-1]:,.2f}{change_words(known[0], known[-1])}"
            if known
            else f"{name} has no prices in this time"
        )
    return f"Compared from {labels[0]} to {labels[-1]}: {'; '.join(words)}."
