"""Live orders and armings as programs send and get them."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, SecretStr

from accounts.exact_json import AmountIn, PriceIn
from accounts.schemas import PageIn, SchemaIn, SchemaOut
from integrations.connections.arming import ArmingTerms
from integrations.live_orders.changes import LiveChanges
from integrations.live_orders.tickets import LiveTicket
from integrations.models import Arming, LiveOrder, LiveOrderEvent
from market.schemas import NumberOut, Symbol
from trading.api.order_schemas import ChangedTermsIn
from trading.states import OrderType, Side, TimeInForce

LiveStatus = Literal[
    "recorded",
    "sending",
    "unknown",
    "accepted",
    "partially_filled",
    "filled",
    "canceled",
    "replaced",
    "expired",
    "rejected",
    "not_received",
    "unfollowed",
]


class ArmingIn(SchemaIn):
    """Your password says that it is you, as a program that has your key must not arm by itself."""

    password: Annotated[SecretStr, Field(description="of your account", max_length=1_000)]
    otp: Annotated[str, Field(max_length=20, description="where a second factor is on")] = ""
    order_value_maximum: Annotated[
        AmountIn, Field(description="of one order, in the portfolio's currency")
    ]
    orders_a_day: Annotated[int, Field(description="by days of UTC")]

    model_config = ConfigDict(
        str_strip_whitespace=False,
        json_schema_extra={
            "example": {"password": "…", "order_value_maximum": "1000", "orders_a_day": 10}
        },
    )

    def to_terms(self) -> ArmingTerms:
        return ArmingTerms(
            order_value_maximum=self.order_value_maximum, orders_a_day=self.orders_a_day
        )


class ArmingOut(SchemaOut):
    connection_id: UUID
    order_value_maximum: NumberOut
    currency: str
    orders_a_day: int
    armed_at: datetime

    @classmethod
    def of(cls, row: Arming) -> Self:
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class LiveOrderIn(SchemaIn):
    """An order with real money. `GET /brokers` says what each broker takes.

    Give `quantity` (units) or `notional` (money). `limit` needs `limit_price`, `stop` a
    `stop_price`, `stop_limit` both, `trailing_stop` a `trail_amount` or a `trail_pct`. Without a
    `client_order_id` the order takes the `Idempotency-Key`.
    """

    symbol: Symbol
    side: Side
    type: OrderType
    time_in_force: TimeInForce = TimeInForce.DAY
    quantity: AmountIn | None = None
    notional: AmountIn | None = None
    limit_price: PriceIn | None = None
    stop_price: PriceIn | None = None
    trail_amount: PriceIn | None = None
    trail_pct: PriceIn | None = None
    client_order_id: str | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "symbol": "AAPL",
                "side": "buy",
                "type": "limit",
                "quantity": "1",
                "limit_price": "200.00",
                "time_in_force": "day",
            }
        }
    )

    def to_ticket(self, *, key: str) -> LiveTicket:
        facts = {name: getattr(self, name) for name in type(self).model_fields}
        given = facts.pop("client_order_id")
        return LiveTicket(**facts, client_order_id=key if given is None else given)


class LiveOrderReplaceIn(ChangedTermsIn):
    """What is to change; what is left out or null stays.

    `quantity` counts all that is ordered, also what the order has filled. Without a
    `client_order_id` the new order takes the `Idempotency-Key`.
    """

    def to_changes(self, *, key: str) -> LiveChanges:
        facts = {name: getattr(self, name) for name in type(self).model_fields}
        given = facts.pop("client_order_id")
        return LiveChanges(**facts, client_order_id=key if given is None else given)


class LiveOrderOut(SchemaOut):
    """Quantities in units, prices in the instrument's currency."""

    id: Annotated[UUID, Field(description="also the client's id of the order at the broker")]
    connection_id: Annotated[UUID | None, Field(description="null once that is deleted")]
    portfolio_id: UUID
    replaces_id: Annotated[
        UUID | None, Field(description="of the order that this one takes over from, or was to")
    ]
    replaced_by_id: Annotated[
        UUID | None, Field(description="of the order that has taken over, once the broker says so")
    ]
    broker: str
    is_sandbox: Annotated[bool, Field(description="at the broker's own place to practise")]
    symbol: str
    broker_symbol: str
    client_order_id: str
    side: str
    type: str
    time_in_force: str
    status: LiveStatus
    reason: str
    quantity: NumberOut | None
    notional: NumberOut | None
    filled_quantity: NumberOut
    limit_price: NumberOut | None
    stop_price: NumberOut | None
    trail_amount: NumberOut | None
    trail_pct: NumberOut | None
    value: Annotated[NumberOut, Field(description="about, when it was placed")]
    value_currency: str
    broker_order_id: str
    placed_at: datetime
    sent_at: datetime | None
    changed_at: datetime
    cancel_asked_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, row: LiveOrder) -> Self:
        """Of a row that was read ``with_replaced_by``."""
        facts = {name: getattr(row, name) for name in cls.model_fields if name != "symbol"}
        return cls(**facts, symbol=row.instrument.symbol)


class LiveOrderList(SchemaOut):
    items: list[LiveOrderOut]
    next_cursor: str | None


class LiveOrderEventOut(SchemaOut):
    kind: str
    status: LiveStatus
    occurred_at: datetime
    filled_quantity: NumberOut
    reason: str

    @classmethod
    def of(cls, row: LiveOrderEvent) -> Self:
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class LiveOrderEventList(SchemaOut):
    items: list[LiveOrderEventOut]
    next_cursor: str | None


class LiveOrdersWanted(PageIn):
    connection_id: UUID | None = None
    status: LiveStatus | None = None
