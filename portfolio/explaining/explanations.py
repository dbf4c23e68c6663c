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
    PERCENT = "percent"  # 5 is five percent
    RATIO = "ratio"
    COUNT = "count"
    UNITS = "units"  # of an instrument
    PRICE = "price"  # money for one unit
    RATE = "rate"  # money for one of another currency

    @property
    def is_amount(self) -> bool:
        """Whether it tells how much somebody has."""
        return self in (Unit.MONEY, Unit.UNITS)


class Arithmetic(StrEnum):
    """How the inputs give the figure."""

    SUM = "sum"  # of the lines of the only part
    PRODUCT = "product"  # of the lines of the only part
    QUOTIENT = "quotient"  # of the sums of two parts
    PERCENTAGE = "percentage"  # the same times a hundred, in two places
    LINK = "link"  # of returns: the product of one plus each, less one
    DEVIATION = "deviation"  # the root of a mean square, put on a year: squares, and days
    ANNUAL = "annual"  # a return put on a year: one plus it, to the power of 365 by days, less one
    BALANCE = "balance"  # the rate at which the lines come to nothing


@dataclass(frozen=True, slots=True)
class Line:
    """One input. ``note`` says what it is made of itself.

    ``currency`` is that of a price where it is not the explanation's.
    """

    label: str
    value: Decimal
    unit: Unit = Unit.MONEY
    note: str = ""
    currency: str = ""


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
    """``value`` is None for ``reason``; then there is nothing to compute.

    ``is_of_days`` where it is of a period, and not of now.
    """

    figure: str
    label: str
    value: Decimal | None
    unit: Unit
    formula: str
    arithmetic: Arithmetic
    parts: Sequence[Part] = ()
    reason: str = ""
    is_of_days: bool = False


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


def in_order(lines: Sequence[Line], *, rest: str) -> list[Line]:
    """The lines as they come; the largest of them alone where they would be too many."""
    return list(lines) if len(lines) <= LINES_MAXIMUM else largest_first(lines, rest=rest)


def summing(
    figure: str,
    label: str,
    formula: str,
    lines: Sequence[Line],
    *,
    value: Decimal | None,
    reason: str = "",
) -> Explanation:
    """An amount that adds up from lines; without them where it is None."""
    return Explanation(
        figure=figure,
        label=label,
        value=value,
        unit=lines[0].unit if lines else Unit.MONEY,
        formula=formula,
        arithmetic=Arithmetic.SUM,
        parts=[Part("Adds up from", lines)] if value is not None else [],
        reason=reason if value is None else "",
    )


def percentage(
    figure: str,
    label: str,
    formula: str,
    parts: Sequence[Part],
    *,
    value: Decimal | None,
    reason: str,
) -> Explanation:
    """The first part's sum in percent of the second's."""
    return Explanation(
        figure=figure,
        label=label,
        value=value,
        unit=Unit.PERCENT,
        formula=formula,
        arithmetic=Arithmetic.PERCENTAGE,
        parts=parts if value is not None else [],
        reason=reason if value is None else "",
    )


def in_minor_units(found: Explanation, places: int) -> Explanation:
    """Money as it is shown, with a line for what rounding each line leaves of the rounded sum."""
    value, totals = found.value, [part.total for part in found.parts]
    if found.unit is Unit.MONEY and value is not None:
        value = to_places(value, places)
        if found.arithmetic is Arithmetic.SUM and totals:
            totals[0] = value
    parts = [rounded(part, total, places) for part, total in zip(found.parts, totals, strict=True)]
    return replace(found, value=value, parts=parts)


def rounded(part: Part, total: Decimal, places: int) -> Part:
    """Unless it is of something else than money, or of money in several currencies."""
    if any(line.unit is not Unit.MONEY or line.currency for line in part.lines):
        return part
    lines = [replace(one, value=to_places(one.value, places)) for one in part.lines]
    left = to_places(total, places) - sum((line.value for line in lines), ZERO)
    return Part(part.title, [*lines, Line(ROUNDING, left)] if left else lines)
