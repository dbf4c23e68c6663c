"""Explanations for programs."""

from decimal import Context, Decimal
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import Field

from accounts.schemas import SchemaOut
from market.schemas import NumberOut, Symbol
from portfolio.bookkeeping.amounts import TEN_PLACES
from portfolio.explaining.explain import Subject
from portfolio.explaining.explanations import Explanation, Line, Part, Unit
from portfolio.holdings.allocation import Dimension
from portfolio.returns.schemas import CombinedCurrency, CombinedIds, PeriodWanted


class ExplanationWanted(PeriodWanted):
    symbol: Annotated[
        Symbol | None, Field(description="of a position, to explain a figure of it")
    ] = None
    lot_id: Annotated[UUID | None, Field(description="of a lot, to explain a figure of it")] = None
    by: Annotated[
        Dimension | None, Field(description="how an allocation is divided, to explain a part of it")
    ] = None
    key: Annotated[str | None, Field(description="of that part, as `/allocation` names it")] = None

    @property
    def subject(self) -> Subject:
        return Subject(symbol=self.symbol, lot_id=self.lot_id, by=self.by, key=self.key)


class CombinedExplanationWanted(PeriodWanted):
    portfolio_id: CombinedIds = Field(default_factory=list)
    currency: CombinedCurrency = None


# Sums of squares are small: ten places of them would tell too little to compute from.
RATIO_DIGITS: Final = Context(prec=16)


def shown(value: Decimal, unit: Unit) -> Decimal:
    """Returns in ten places, ratios in 16 digits; money, units, prices and rates as they are."""
    if unit is Unit.RATIO:
        return RATIO_DIGITS.plus(value)
    return value.quantize(TEN_PLACES) if unit in (Unit.FRACTION, Unit.COUNT) else value


class LineOut(SchemaOut):
    label: str
    value: NumberOut
    unit: Annotated[
        str,
        Field(description="money, fraction, percent, ratio, count, units, price or rate"),
    ]
    currency: Annotated[str | None, Field(description="of a price that is in another than ours")]
    note: Annotated[str, Field(description="what it is made of itself")]

    @classmethod
    def from_line(cls, line: Line) -> Self:
        return cls(
            label=line.label,
            value=shown(line.value, line.unit),
            unit=line.unit.value,
            currency=line.currency or None,
            note=line.note,
        )


class ExplanationPartOut(SchemaOut):
    title: str
    total: Annotated[
        NumberOut | None, Field(description="null where the lines are not of one unit")
    ]
    lines: list[LineOut]

    @classmethod
    def from_part(cls, part: Part) -> Self:
        units = {line.unit for line in part.lines} or {Unit.MONEY}
        return cls(
            title=part.title,
            total=shown(part.total, units.pop()) if len(units) == 1 else None,
            lines=[LineOut.from_line(line) for line in part.lines],
        )


class ExplanationOut(SchemaOut):
    """The figure, its formula and its inputs.

    `arithmetic` says how the inputs give the value: `sum` or `product` of the lines, `quotient` of
    two parts, `percentage` (the same times a hundred, in two places), `link` of returns,
    `deviation` (a mean square's root, put on a year), `annual` (one plus the first part's return,
    to the power of 365 by the second's days, less one), or `balance`, where the lines come to
    nothing at the rate that is the value. A value that is null has its `reason`.
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
