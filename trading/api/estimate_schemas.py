"""What an order would come to, as programs get it."""

from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts.schemas import SchemaOut
from market.schemas import NumberOut
from trading.api.many_orders_schemas import OrderProblemOut
from trading.orders import Estimate

EXAMPLE: Final[dict[str, Any]] = {
    "symbol": "AAPL",
    "currency": "USD",
    "reference_price": "200.05",
    "quantity": "10",
    "cost": "2000",
    "fees": "1",
    "reserved": "2001",
    "buying_power": "10000",
    "buying_power_after": "7999",
    "works_from": None,
    "expires_at": None,
    "repeats": None,
    "problems": [],
}


class EstimateOut(SchemaOut):
    """What the order would come to now. `problems` is empty where it would be accepted.

    Money is in `currency`, the instrument's. A figure is null where the order or the market does
    not say enough for it.
    """

    symbol: str
    currency: str | None
    reference_price: Annotated[
        NumberOut | None,
        Field(description="the ask for a purchase, the bid for a sale; null without a fresh quote"),
    ]
    quantity: Annotated[NumberOut | None, Field(description="units, also of a `notional`")]
    cost: Annotated[
        NumberOut | None,
        Field(description="expected price × quantity, of a sale its proceeds; without `fees`"),
    ]
    fees: NumberOut | None
    reserved: Annotated[
        NumberOut | None,
        Field(description="set aside until it fills: of a purchase money, of a sale units"),
    ]
    buying_power: NumberOut | None
    buying_power_after: Annotated[
        NumberOut | None, Field(description="with what is reserved taken off")
    ]
    works_from: Annotated[
        datetime | None,
        Field(description="the opening or auction it would wait for; null where it trades at once"),
    ]
    expires_at: Annotated[
        datetime | None, Field(description="when it would end by itself; null: not by a clock")
    ]
    repeats: Annotated[
        UUID | None,
        Field(description="the order of this `client_order_id`, with which placing would answer"),
    ]
    problems: Annotated[
        list[OrderProblemOut], Field(description="all for which placing it would be refused")
    ]

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": EXAMPLE})

    @classmethod
    def from_estimate(cls, estimate: Estimate, *, symbol: str) -> Self:
        is_known = estimate.currency is not None
        return cls(
            symbol=symbol,
            currency=estimate.currency,
            reference_price=estimate.reference_price,
            quantity=estimate.quantity,
            cost=estimate.cost,
            fees=estimate.fees,
            reserved=estimate.reserve,
            buying_power=estimate.buying_power if is_known else None,
            buying_power_after=estimate.buying_power_after,
            works_from=estimate.works_from,
            expires_at=estimate.expires_at,
            repeats=estimate.repeats,
            problems=[OrderProblemOut.from_problem(problem) for problem in estimate.problems],
        )
