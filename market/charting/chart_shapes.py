"""What stands beside the candles: the moving one, and where real history ends. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from market.values import BarValue

BODY_HALF_WIDTH: Final = 0.35
ROOM_ON_THE_RIGHT: Final = 2.5  # bars
FAR: Final = 10_000  # bars; beyond what anybody moves into sight


def moving_shapes(bars: Sequence[BarValue]) -> list[dict[str, Any]]:
    """The wick and the body of the newest bar, in this order."""
    if not bars:
        return []
    bar, place = bars[-1], len(bars) - 1
    colour = candle_colour(bar.open, bar.close)
    wick = {
        "type": "line",
        "x0": place,
        "x1": place,
        "y0": float(bar.low),
        "y1": float(bar.high),
        "line": {"color": colour, "width": 1},
    }
    body = {
        "type": "rect",
        "x0": place - BODY_HALF_WIDTH,
        "x1": place + BODY_HALF_WIDTH,
        "y0": float(bar.open),
        "y1": float(bar.close),
        "fillcolor": colour,
        "line": {"color": colour, "width": 1},
    }
    return [wick, body]


def boundary_shapes(boundary: int | None) -> list[dict[str, Any]]:
    """A line where real history ends, and a shade over what the simulator continued."""
    if boundary is None:
        return []
    start = boundary - 0.5
    paper: dict[str, Any] = {"yref": "paper", "y0": 0, "y1": 1}
    shade = {
        "type": "rect",
        "layer": "below",
        "x0": start,
        "x1": start + FAR,
        "fillcolor": "--surface-sunken",
        "line": {"width": 0},
        **paper,
    }
    line = {
        "type": "line",
        "x0": start,
        "x1": start,
        "line": {"color": "--line-strong", "width": 1, "dash": "dot"},
        **paper,
    }
    return [shade, line]


def boundary_words(boundary: int | None) -> list[dict[str, Any]]:
    """Annotations of a figure; ``boundary`` is the place of the first simulated candle, if any."""
    if boundary is None:
        return []
    return [
        {
            "text": "simulated →",
            "x": boundary - 0.5,
            "xanchor": "left",
            "yref": "paper",
            "y": 1,
            "yanchor": "top",
            "showarrow": False,
            "font": {"color": "--text-muted", "size": 11},
        }
    ]


def candle_colour(opening: Decimal, closing: Decimal) -> str:
    return "--rise" if closing >= opening else "--fall"
