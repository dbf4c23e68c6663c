"""What a portfolio is made of, as programs get it."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from accounts.schemas import SchemaIn, SchemaOut
from market.schemas import NumberOut
from portfolio.holdings.allocation import Allocation, Dimension
from portfolio.schemas import attributes


class AllocationWanted(SchemaIn):
    by: Annotated[Dimension, Field(description="what to divide by")] = Dimension.INSTRUMENT


class SliceOut(SchemaOut):
    """`weight_pct` is in percent of the total. Cash is the key `cash`, or that of its currency."""

    key: str
    label: str
    value: NumberOut | None
    weight_pct: NumberOut | None
    symbols: list[str]


class AllocationOut(SchemaOut):
    """What the portfolio is worth now, divided. A null has its reason's code in `reasons`."""

    by: Dimension
    currency: str
    total_value: NumberOut | None
    items: list[SliceOut]
    reasons: dict[str, str]
    as_of: datetime

    @classmethod
    def from_allocation(cls, found: Allocation, *, currency: str, as_of: datetime) -> Self:
        return cls(
            by=found.by,
            currency=currency,
            total_value=found.total,
            items=[SliceOut(**attributes(one, SliceOut.model_fields)) for one in found.slices],
            reasons={"total_value": "no_price"} if found.total is None else {},
            as_of=as_of,
        )
