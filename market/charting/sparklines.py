"""A run of prices as a small line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal


def sparkline_path(values: Sequence[Decimal], *, width: int = 96, height: int = 32) -> str:
    """An SVG path through the values from left to right; empty for fewer than two."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = high - low or Decimal(1)
    step = Decimal(width) / (len(values) - 1)
    points = (
        f"{_short(index * step)} {_short(height - 2 - (value - low) / span * (height - 4))}"
        for index, value in enumerate(values)
    )
    return "M" + "L".join(points)


def _short(number: Decimal) -> str:
    return f"{number:.1f}".removesuffix(".0")
