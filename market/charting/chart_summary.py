"""A chart in a sentence or two, for those who do not see it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from market.charting.indicator_lines import DrawnLine, reading
from market.values import BarValue


def candle_summary(
    bars: Sequence[BarValue], labels: Sequence[str], lines: Sequence[DrawnLine]
) -> str:
    """From when to when, what it did, its extremes, and where each indicator stands."""
    if not bars:
        return "There are no prices to draw."
    highest = max(range(len(bars)), key=lambda place: bars[place].high)
    lowest = min(range(len(bars)), key=lambda place: bars[place].low)
    change = change_words(bars[0].open, bars[-1].close)
    words = [
        f"{len(bars)} candles from {labels[0]} to {labels[-1]}.",
        f"From {bars[0].open:,.2f} to {bars[-1].close:,.2f}{change}.",
        f"Highest {bars[highest].high:,.2f} on {labels[highest]},",
        f"lowest {bars[lowest].low:,.2f} on {labels[lowest]}.",
    ]
    newest = [
        f"{line.name} {reading(line.values[-1])}" for line in lines if line.values[-1] is not None
    ]
    if newest:
        words.append(f"Newest: {', '.join(newest)}.")
    return " ".join(words)


def change_words(before: Decimal, after: Decimal) -> str:
    """`` (+3.10%)``; empty where there is nothing to compare with."""
    return f" ({(after / before - 1) * 100:+,.2f}%)" if before else ""
