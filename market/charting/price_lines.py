"""Prices that somebody waits for, as lines across the chart. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One price and what is waited for there; faint while it waits for the price to return."""

    price: Decimal
    label: str
    is_faint: bool = False


def line_shapes(lines: Iterable[PriceLine]) -> list[dict[str, Any]]:
    """A dashed line each, over the whole width."""
    return [
        {
            "type": "line",
            "layer": "below",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "y0": float(line.price),
            "y1": float(line.price),
            "opacity": 0.5 if line.is_faint else 1,
            "line": {"color": "--accent", "width": 1, "dash": "dash"},
        }
        for line in lines
    ]


def line_words(lines: Iterable[PriceLine]) -> list[dict[str, Any]]:
    """What each line is for, on it at the left."""
    return [
        {
            "text": line.label,
            "xref": "paper",
            "x": 0,
            "xanchor": "left",
            "y": float(line.price),
            "yanchor": "bottom",
            "showarrow": False,
            "opacity": 0.5 if line.is_faint else 1,
            "font": {"color": "--accent", "size": 11},
        }
        for line in lines
    ]
