"""A treemap: areas in the proportion of values. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SHADES: Final = 6
# A box smaller than this has no room for words, in the drawing's units.
LABEL_WIDTH: Final = 60
LABEL_HEIGHT: Final = 40
LETTER_WIDTH: Final = 9


@dataclass(frozen=True, slots=True)
class Tile:
    """A box of the drawing, its top left corner and size in the drawing's units."""

    place: int  # among the values that were given
    x: float
    y: float
    width: float
    height: float

    @property
    def shade(self) -> int:
        return self.place % SHADES

    @property
    def label_letters(self) -> int:
        """How many letters fit across; 0 where none do."""
        if self.width < LABEL_WIDTH or self.height < LABEL_HEIGHT:
            return 0
        return int((self.width - 16) / LETTER_WIDTH)


def squarified(values: Sequence[float], *, width: float, height: float) -> list[Tile]:
    """Boxes that fill the drawing, as near to squares as the order of the values allows.

    Args:
        values: descending, all > 0.

    Source: Bruls, Huizing, van Wijk, "Squarified Treemaps", Data Visualization 2000.
    """
    if not values:
        return []
    scale = width * height / sum(values)
    areas = [value * scale for value in values]
    tiles: list[Tile] = []
    x = y = 0.0
    first = 0
    while first < len(areas):
        side = min(width, height)
        count = row_length(areas, first, side)
        row = areas[first : first + count]
        thickness = sum(row) / side
        along = 0.0
        for offset, area in enumerate(row):
            length = area / thickness
            is_column = width >= height  # the row stands along the shorter side
            tiles.append(
                Tile(first + offset, x, y + along, thickness, length)
                if is_column
                else Tile(first + offset, x + along, y, length, thickness)
            )
            along += length
        if width >= height:
            x, width = x + thickness, max(width - thickness, 1e-9)
        else:
            y, height = y + thickness, max(height - thickness, 1e-9)
        first += count
    return tiles


def row_length(areas: Sequence[float], first: int, side: float) -> int:
    """How many of the next areas make the row whose worst box is nearest to a square."""
    count, best = 1, worst_ratio(areas[first : first + 1], side)
    while first + count < len(areas):
        ratio = worst_ratio(areas[first : first + count + 1], side)
        if ratio > best:
            break
        count, best = count + 1, ratio
    return count


def worst_ratio(row: Sequence[float], side: float) -> float:
    total = sum(row)
    return max(side * side * max(row) / total**2, total**2 / (side * side * min(row)))
