"""Dividends and splits as marks in a strip between prices and volume. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from market.charting.chart_style import ChartStyle, bar_closes_at
from market.values import BarValue

AXIS: Final = "y3"  # of the figure's layout
MIDDLE: Final = 0.5


@dataclass(frozen=True, slots=True)
class MarkedAction:
    """What the chart says of one dividend or split."""

    ex_date: date  # of the exchange
    is_split: bool
    words: str  # "Dividend 0.82 USD"


def action_markers(
    bars: Sequence[BarValue], actions: Sequence[MarkedAction], style: ChartStyle
) -> list[dict[str, Any]]:
    """One trace for dividends and one for splits, each only where it has something to show.

    A trace has a place for every bar, empty where there is no mark, as other traces have: the
    page's script cuts all of them alike.

    Args:
        bars: ascending, of any length.
        actions: in any order; those before the first bar and after the last are left out.
        style: that of the candles.
    """
    traces = []
    for is_split, colour, symbol in ((False, "--accent", "circle"), (True, "--warning", "diamond")):
        texts: list[str | None] = [None] * len(bars)
        for action in actions:
            place = place_of(action.ex_date, bars, style)
            if action.is_split is is_split and place is not None:
                earlier = texts[place]
                texts[place] = f"{earlier}<br>{action.words}" if earlier else action.words
        if any(texts):
            traces.append(_trace(texts, colour=colour, symbol=symbol))
    return traces


def place_of(ex_date: date, bars: Sequence[BarValue], style: ChartStyle) -> int | None:
    """The bar that holds the start of the day, else the next; None where neither is drawn."""
    begins_at = datetime.combine(ex_date, time(), style.exchange_zone)
    place = bisect_left(bars, begins_at, key=lambda bar: bar.opened_at)
    if place > 0:
        closes_at = bar_closes_at(bars[place - 1].opened_at, style.interval, style.exchange_zone)
        if begins_at < closes_at:
            return place - 1
    if place == len(bars):
        return None
    is_first_day = bars[place].opened_at.astimezone(style.exchange_zone).date() == ex_date
    return place if place > 0 or is_first_day else None


def _trace(texts: Sequence[str | None], *, colour: str, symbol: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": list(range(len(texts))),
        "y": [None if text is None else MIDDLE for text in texts],
        "text": list(texts),
        "yaxis": AXIS,
        "hoverinfo": "text",
        "marker": {"color": colour, "symbol": symbol, "size": 8},
    }
