"""Indicators as lines over the candles, and in panes below them. Pure.

Every trace has a place for each bar drawn, as the candles have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product
from typing import Any, Final

from market.charting.indicator_choice import Indicator, IndicatorKind
from market.charting.indicators import (
    Line,
    bollinger_bands,
    exponential_moving_average,
    moving_average_convergence,
    relative_strength_index,
    simple_moving_average,
)

FIRST_PANE_AXIS: Final = 4  # y is of prices, y2 of volume, y3 of marks
BAND_OPACITY: Final = 0.7
# A line differs from another by more than its colour.
LOOKS: Final = tuple(
    (colour, dash)
    for dash, colour in product(("solid", "dash", "dot"), ("--accent", "--warning", "--text"))
)


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """One line of one indicator, as long as the bars drawn; ``axis`` as Plotly names it."""

    name: str
    values: Line
    colour: str
    dash: str
    axis: str
    legend: bool = True  # the line that stands for its indicator
    is_columns: bool = False
    opacity: float = 1.0


def drawn_lines(
    closes: Sequence[Decimal], indicators: Sequence[Indicator], *, drawn: int
) -> list[DrawnLine]:
    """Compute over all closes, and keep what belongs to the newest ``drawn`` of them."""
    lines: list[DrawnLine] = []
    panes = {indicator: number for number, indicator in enumerate(panes_of(indicators))}
    for (colour, dash), indicator in zip(LOOKS, indicators, strict=False):
        pane = panes.get(indicator)
        axis = "y" if pane is None else f"y{FIRST_PANE_AXIS + pane}"
        found = _lines_of(indicator, closes, colour, dash, axis)
        lines.extend(_cut(line, drawn) for line in found)
    return lines


def panes_of(indicators: Sequence[Indicator]) -> list[Indicator]:
    """Those with a pane of their own, from the top."""
    return [indicator for indicator in indicators if indicator.kind.has_pane]


def line_trace(line: DrawnLine) -> dict[str, Any]:
    ys = [None if value is None else float(value) for value in line.values]
    trace: dict[str, Any] = {
        "name": line.name,
        "x": list(range(len(ys))),
        "y": ys,
        "yaxis": line.axis,
        "hoverinfo": "skip",
        "opacity": line.opacity,
    }
    if line.is_columns:
        return trace | {"type": "bar", "marker": {"color": line.colour, "line": {"width": 0}}}
    look = {"color": line.colour, "width": 1.5, "dash": line.dash}
    return trace | {"type": "scatter", "mode": "lines", "line": look}


def reading(value: Decimal) -> str:
    """An indicator's value as it is shown; small ones, as of MACD, with two digits more."""
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:,.4f}"


def legend_words(lines: Sequence[DrawnLine]) -> list[dict[str, Any]]:
    """The name of each indicator in the top left of where it is drawn, one below the other."""
    words = []
    rows: dict[str, int] = {}
    for line in lines:
        if not line.legend:
            continue
        row = rows.setdefault(line.axis, 0)
        rows[line.axis] += 1
        words.append(
            {
                "text": f"{line.name} {'╌' if line.dash != 'solid' else '─'}",
                "xref": "paper",
                "x": 0,
                "xanchor": "left",
                "yref": f"{line.axis} domain",
                "y": 1,
                "yanchor": "top",
                "yshift": -16 * row,
                "showarrow": False,
                "font": {"color": line.colour, "size": 11},
            }
        )
    return words


def _lines_of(
    indicator: Indicator, closes: Sequence[Decimal], colour: str, dash: str, axis: str
) -> Iterator[DrawnLine]:
    name, length = indicator.label, indicator.length or 0
    match indicator.kind:
        case IndicatorKind.SIMPLE_AVERAGE:
            average = simple_moving_average(closes, length=length)
            yield DrawnLine(name, average, colour, dash, axis)
        case IndicatorKind.EXPONENTIAL_AVERAGE:
            average = exponential_moving_average(closes, length=length)
            yield DrawnLine(name, average, colour, dash, axis)
        case IndicatorKind.STRENGTH:
            strength = relative_strength_index(closes, length=length)
            yield DrawnLine(name, strength, colour, dash, axis)
        case IndicatorKind.BANDS:
            bands = bollinger_bands(closes, length=length)
            yield DrawnLine(name, bands.middle, colour, "dot", axis)
            for edge, values in (("lower", bands.lower), ("upper", bands.upper)):
                label = f"{name} {edge}"
                yield DrawnLine(
                    label, values, colour, dash, axis, legend=False, opacity=BAND_OPACITY
                )
        case IndicatorKind.CONVERGENCE:
            found = moving_average_convergence(closes)
            yield DrawnLine(
                "MACD histogram",
                found.histogram,
                "--line-strong",
                "solid",
                axis,
                legend=False,
                is_columns=True,
                opacity=0.5,
            )
            yield DrawnLine(name, found.macd, colour, dash, axis)
            yield DrawnLine("MACD signal", found.signal, "--text-muted", "dot", axis)


def _cut(line: DrawnLine, drawn: int) -> DrawnLine:
    return replace(line, values=line.values[len(line.values) - drawn :])
