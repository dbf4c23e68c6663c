"""What a portfolio pays for its orders, for programs."""

from decimal import Decimal
from typing import Annotated, Final, Self
from uuid import UUID

from django.utils import timezone
from ninja import Router
from pydantic import ConfigDict, Field

from accounts.auth import KeyAuth
from accounts.exact_json import AmountIn
from accounts.http import ApiRequest
from accounts.schemas import SchemaIn, SchemaOut
from market.schemas import NumberOut
from portfolio.api.reach import find_portfolio
from trading.charging.terms import schedule_for, set_commission
from trading.commissions import Schedule

router: Final = Router(tags=["Portfolios"])

PER_SHARE: Final = "for each unit, in the order's currency"
PER_ORDER: Final = "once an order, when it first fills"
RATE: Final = "basis points of the amount traded"
MINIMUM: Final = "at least so much an order"
MAXIMUM: Final = "at most so much an order; null for no limit"


class CommissionIn(SchemaIn):
    """The whole schedule; what is left out charges nothing."""

    per_share: Annotated[AmountIn, Field(description=PER_SHARE)] = Decimal(0)
    per_order: Annotated[AmountIn, Field(description=PER_ORDER)] = Decimal(0)
    rate_bps: Annotated[AmountIn, Field(description=RATE)] = Decimal(0)
    minimum: Annotated[AmountIn, Field(description=MINIMUM)] = Decimal(0)
    maximum: Annotated[AmountIn | None, Field(description=MAXIMUM)] = None

    model_config = ConfigDict(
        json_schema_extra={"example": {"per_share": "0.005", "minimum": "1", "maximum": "20"}}
    )


class CommissionOut(SchemaOut):
    """The parts add up; an order is charged on everything it has filled, once."""

    per_share: NumberOut
    per_order: NumberOut
    rate_bps: NumberOut
    minimum: NumberOut
    maximum: NumberOut | None

    @classmethod
    def from_schedule(cls, schedule: Schedule) -> Self:
        return cls(
            per_share=schedule.per_share,
            per_order=schedule.per_order,
            rate_bps=schedule.rate_bps,
            minimum=schedule.minimum,
            maximum=schedule.maximum,
        )


@router.get(
    "/portfolios/{uuid:portfolio_id}/commission", response=CommissionOut, auth=KeyAuth("read")
)
def get_commission(request: ApiRequest, portfolio_id: UUID) -> CommissionOut:
    """What the portfolio's next order pays."""
    return CommissionOut.from_schedule(schedule_for(find_portfolio(request.auth, portfolio_id)))


@router.put(
    "/portfolios/{uuid:portfolio_id}/commission", response=CommissionOut, auth=KeyAuth("trade")
)
def set_commission_of(
    request: ApiRequest, portfolio_id: UUID, payload: CommissionIn
) -> CommissionOut:
    """Let a paper portfolio's orders pay by this schedule; orders that work keep theirs."""
    schedule = set_commission(
        portfolio_id=find_portfolio(request.auth, portfolio_id).id,
        schedule=Schedule(**payload.model_dump()),
        changed_at=timezone.now(),
    )
    return CommissionOut.from_schedule(schedule)
