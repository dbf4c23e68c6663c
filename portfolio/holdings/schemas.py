"""What a portfolio is made of, as programs get it."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field

from accounts.exact_json import AmountIn
from accounts.schemas import SchemaIn, SchemaOut
from market.schemas import NumberOut
from portfolio.holdings.allocation import Allocation, Dimension
from portfolio.holdings.risk_checks import RiskCheck
from portfolio.holdings.thresholds import Rule
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


class RiskCheckOut(SchemaOut):
    """`share_pct` is in percent of the portfolio's worth; null with the code of its reason."""

    rule: str
    title: str
    subject: Annotated[str, Field(description="what weighs most")]
    value: NumberOut | None
    share_pct: NumberOut | None
    maximum_pct: NumberOut
    source: Annotated[str, Field(description="whose limit it is: default, user or portfolio")]
    is_exceeded: bool | None
    reason: str

    @classmethod
    def from_check(cls, found: RiskCheck) -> Self:
        return cls(**attributes(found, cls.model_fields))


class RiskChecksOut(SchemaOut):
    currency: str
    items: list[RiskCheckOut]
    next_cursor: None = None
    as_of: datetime


class ThresholdsIn(SchemaIn):
    """Limits in percent by rule; null takes one back. What is left out stays as it is."""

    thresholds: dict[Rule, AmountIn | None]
    for_all_portfolios: Annotated[
        bool, Field(description="limits of the user, where a portfolio has none of its own")
    ] = False

    model_config = ConfigDict(
        json_schema_extra={"example": {"thresholds": {"largest_name": "15", "cash_share": None}}}
    )
