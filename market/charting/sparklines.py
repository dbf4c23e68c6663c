"""A run of prices as a small line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal


def sparkline_path(values: Sequence[Decimal], *, width: int = 96, height: int = 32) -> str:
    """An SVG path through the values from left to right; empty for fewer than two."""
    if len(values) < 2:
        return ""
    # Places in a drawing, no money: a tenth of a pixel is more than can be seen.
    drawn = [float(value) for value in values]
    low, high = min(drawn), max(drawn)
    rise = (height - 4) / ((high - low) or 1)
    step = width / (len(drawn) - 1)
    points = (
        f"{index * step:.1f} {height - 2 - (value - low) * rise:.1f}"
        for index, value in enumerate(drawn)
    )
    return f"M{'L'.join(points)}".replace(".0 ", " ").replace(".0L", "L").removesuffix(".0")
