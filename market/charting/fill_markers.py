"""An investor's own fills as marks at their prices. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from market.charting.chart_style import ChartStyle, bar_closes_at
from market.values import BarValue, plain


@dataclass(frozen=True, slots=True)
class OwnFill:
    """A fill in units and prices of its day."""

    executed_at: datetime
    is_buy: bool
    quantity: Decimal  # units, > 0
    price: Decimal  # the instrument's currency per unit


def fill_markers(
    bars: Sequence[BarValue], fills: Sequence[OwnFill], style: ChartStyle
) -> list[dict[str, Any]]:
    """One trace for purchases and one for sales, each only where it has something to show.

    Fills of one bar and side are one mark at their average price, weighed by quantity. A trace
    has a place for every bar.

    Args:
        bars: ascending.
        fills: comparable with the bars, in any order; those outside of them are left out.
        style: that of the candles.
    """
    traces = []
    for is_buy, verb, colour, symbol in (
        (True, "Bought", "--rise", "triangle-up"),
        (False, "Sold", "--fall", "triangle-down"),
    ):
        by_place: defaultdict[int, list[OwnFill]] = defaultdict(list)
        for fill in fills:
            place = _place(fill.executed_at, bars, style)
            if fill.is_buy is is_buy and place is not None:
                by_place[place].append(fill)
        if by_place:
            traces.append(_trace(by_place, len(bars), verb=verb, colour=colour, symbol=symbol))
    return traces


def _place(at: datetime, bars: Sequence[BarValue], style: ChartStyle) -> int | None:
    place = bisect_right(bars, at, key=lambda bar: bar.opened_at) - 1
    if place < 0:
        return None
    closes_at = bar_closes_at(bars[place].opened_at, style.interval, style.exchange_zone)
    return place if at < closes_at else None


def _trace(
    by_place: dict[int, list[OwnFill]], count: int, *, verb: str, colour: str, symbol: str
) -> dict[str, Any]:
    prices: list[float | None] = [None] * count
    texts: list[str | None] = [None] * count
    for place, fills in by_place.items():
        quantity = sum((fill.quantity for fill in fills), Decimal(0))
        price = sum((fill.quantity * fill.price for fill in fills), Decimal(0)) / quantity
        prices[place] = float(price)
        times = f", {len(fills)} fills" if len(fills) > 1 else ""
        texts[place] = f"{verb} {plain(quantity)} at {price:,.2f}{times}"
    return {
        "type": "scatter",
        "mode": "markers",
        "name": verb,
        "x": list(range(count)),
        "y": prices,
        "text": texts,
        "hoverinfo": "text",
        "marker": {
            "color": colour,
            "symbol": symbol,
            "size": 11,
            "line": {"color": "--surface", "width": 1.5},
        },
    }
