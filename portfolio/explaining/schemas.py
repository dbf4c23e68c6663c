"""Explanations for programs."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field

from accounts.schemas import SchemaOut
from market.schemas import NumberOut
from portfolio.bookkeeping.amounts import TEN_PLACES
from portfolio.explaining.explanations import Explanation, Line, Part, Unit


def shown(value: Decimal, unit: Unit) -> Decimal:
    """Returns and ratios in ten places, money as it is."""
    return value if unit is Unit.MONEY else value.quantize(TEN_PLACES)


class LineOut(SchemaOut):
    label: str
    value: NumberOut
    unit: Annotated[str, Field(description="money, fraction, ratio or count")]
    note: Annotated[str, Field(description="what it is made of itself")]

    @classmethod
    def from_line(cls, line: Line) -> Self:
        return cls(
            label=line.label,
            value=shown(line.value, line.unit),
            unit=line.unit.value,
            note=line.note,
        )


class ExplanationPartOut(SchemaOut):
    title: str
    total: NumberOut
    lines: list[LineOut]

    @classmethod
    def from_part(cls, part: Part) -> Self:
        unit = part.lines[0].unit if part.lines else Unit.MONEY
        return cls(
            title=part.title,
            total=shown(part.total, unit),
            lines=[LineOut.from_line(line) for line in part.lines],
        )


class ExplanationOut(SchemaOut):
    """The figure, its formula and its inputs.

    `arithmetic` says how the inputs give the value: `sum` of the lines, `quotient` of two parts,
    `link` of returns, `deviation` (a mean square's root, put on a year), `annual` (one plus the
    first part's return, to the power of 365 by the second's days, less one), or `balance`, where
    the lines come to nothing at the rate that is the value. A value that is null has its `reason`.
    """

    figure: str
    label: str
    value: NumberOut | None
    unit: str
    currency: str
    formula: str
    arithmetic: str
    parts: list[ExplanationPartOut]
    reason: str | None

    @classmethod
    def from_explanation(cls, found: Explanation, *, currency: str) -> Self:
        return cls(
            figure=found.figure,
            label=found.label,
            value=None if found.value is None else shown(found.value, found.unit),
            unit=found.unit.value,
            currency=currency,
            formula=found.formula,
            arithmetic=found.arithmetic.value,
            parts=[ExplanationPartOut.from_part(part) for part in found.parts],
            reason=found.reason or None,
        )
