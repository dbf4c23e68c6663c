"""A figure with its formula and its inputs, which can be computed again from them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from portfolio.bookkeeping.amounts import ZERO, to_places

LINES_MAXIMUM: Final = 60
ROUNDING: Final = "Rounding of the lines"


class Unit(StrEnum):
    MONEY = "money"
    FRACTION = "fraction"  # 0.05 is five percent
    RATIO = "ratio"
    COUNT = "count"


class Arithmetic(StrEnum):
    """How the inputs give the figure."""

    SUM = "sum"  # of the lines of the only part
    QUOTIENT = "quotient"  # of the sums of two parts
    LINK = "link"  # of returns: the product of one plus each, less one
    DEVIATION = "deviation"  # the root of a mean square, put on a year: squares, and days
    ANNUAL = "annual"  # a return put on a year: one plus it, to the power of 365 by days, less one
    BALANCE = "balance"  # the rate at which the lines come to nothing


@dataclass(frozen=True, slots=True)
class Line:
    """One input. ``note`` says what it is made of itself."""

    label: str
    value: Decimal
    unit: Unit = Unit.MONEY
    note: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Lines that belong together; most figures have one part, quotients two."""

    title: str
    lines: Sequence[Line]

    @property
    def total(self) -> Decimal:
        return sum((line.value for line in self.lines), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """``value`` is None for ``reason``; then there is nothing to compute."""

    figure: str
    label: str
    value: Decimal | None
    unit: Unit
    formula: str
    arithmetic: Arithmetic
    parts: Sequence[Part] = ()
    reason: str = ""


def by_span(amounts: Iterable[tuple[date, Decimal]]) -> list[Line]:
    """Amounts by day; by month or by year where that would be too many lines."""
    known = sorted((day, amount) for day, amount in amounts if amount)
    sums = summed(known, "%-d %b %Y")
    for pattern in ("%b %Y", "%Y"):
        if len(sums) > LINES_MAXIMUM:
            sums = summed(known, pattern)
    return [Line(label, amount) for label, amount in sums.items()]


def summed(amounts: Iterable[tuple[date, Decimal]], pattern: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for day, amount in amounts:
        label = day.strftime(pattern)
        sums[label] = sums.get(label, ZERO) + amount
    return sums


def largest_first(lines: Iterable[Line], *, rest: str) -> list[Line]:
    """The largest lines; what would be too many is one line, named ``rest``."""
    ordered = sorted(lines, key=lambda line: (-abs(line.value), line.label))
    shown, others = ordered[:LINES_MAXIMUM], ordered[LINES_MAXIMUM:]
    if others:
        total = sum((line.value for line in others), ZERO)
        shown.append(Line(f"{len(others)} {rest}", total, others[0].unit))
    return shown


def in_minor_units(found: Explanation, places: int) -> Explanation:
    """Money as it is shown, with a line for what rounding each line leaves of the rounded sum."""
    if found.unit is not Unit.MONEY or found.value is None:
        return found
    value = to_places(found.value, places)
    parts = [
        Part(part.title, [replace(one, value=to_places(one.value, places)) for one in part.lines])
        for part in found.parts
    ]
    if parts and (left := value - parts[0].total):
        parts[0] = Part(parts[0].title, [*parts[0].lines, Line(ROUNDING, left)])
    return replace(found, value=value, parts=parts)
