"""Orders as programs send and get them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts.exact_json import AmountIn, MomentIn, PriceIn
from accounts.schemas import PageIn, SchemaIn, SchemaOut
from market.schemas import NumberOut, Symbol
from trading.changing.replacement import Changes
from trading.models import Order, OrderEvent
from trading.orders import OrderTicket
from trading.placing.tickets import leading_prices
from trading.states import OrderClass, OrderType, Side, TimeInForce

# An average is shown to ten places, half-even; the exact one is filled_amount / filled_quantity.
AVERAGE_PLACES: Final = Decimal("1E-10")
CLIENT_ORDER_ID_LENGTH: Final = 128


class TakeProfitIn(SchemaIn):
    limit_price: PriceIn


class StopLossIn(SchemaIn):
    """Without a `limit_price` it sells at the market once the stop is reached."""

    stop_price: PriceIn
    limit_price: PriceIn | None = None


class OrderIn(SchemaIn):
    """Give `quantity` (units) or `notional` (money); a limit order needs `limit_price`.

    `stop` and `stop_limit` need `stop_price`; `trailing_stop` needs `trail_amount` (of the
    instrument's currency) or `trail_pct` (per cent of the best price since).

    `bracket` needs both `take_profit` and `stop_loss`, `oto` one of them: they sell what the
    order has bought. `oco` sells at its `limit_price` (or that of `take_profit`), or by its
    `stop_loss`.

    Without a `client_order_id` the order takes the `Idempotency-Key`.
    """

    portfolio_id: UUID
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
    extended_hours: bool = False
    client_order_id: str | None = None
    order_class: OrderClass | None = None
    take_profit: TakeProfitIn | None = None
    stop_loss: StopLossIn | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "portfolio_id": "0198c0de-0000-7000-8000-000000000000",
                "symbol": "AAPL",
                "side": "buy",
                "type": "limit",
                "quantity": "10",
                "limit_price": "200.00",
                "time_in_force": "gtc",
            }
        }
    )

    @property
    def has_exits(self) -> bool:
        is_simple = self.order_class in {None, OrderClass.SIMPLE}
        return not is_simple or self.take_profit is not None or self.stop_loss is not None

    def to_ticket(self, *, instrument_id: int, client_order_id: str | None) -> OrderTicket:
        profit = self.take_profit.limit_price if self.take_profit else None
        order_class = self.order_class or OrderClass.SIMPLE
        limit, profit = leading_prices(order_class, limit=self.limit_price, profit=profit)
        loss = self.stop_loss
        return OrderTicket(
            instrument_id=instrument_id,
            side=self.side,
            type=self.type,
            time_in_force=self.time_in_force,
            quantity=self.quantity,
            notional=self.notional,
            limit_price=limit,
            stop_price=self.stop_price,
            trail_amount=self.trail_amount,
            trail_pct=self.trail_pct,
            extended_hours=self.extended_hours,
            client_order_id=client_order_id,
            order_class=order_class,
            take_profit=profit,
            stop_loss=loss.stop_price if loss else None,
            stop_loss_limit=loss.limit_price if loss else None,
        )


class OrderOut(SchemaOut):
    """Quantities in units, prices in the instrument's currency."""

    id: UUID
    client_order_id: str
    portfolio_id: UUID
    symbol: str
    side: str
    type: str
    time_in_force: str
    status: str
    quantity: NumberOut
    notional: NumberOut | None
    filled_quantity: NumberOut
    average_fill_price: NumberOut | None
    limit_price: NumberOut | None
    stop_price: NumberOut | None
    trail_amount: NumberOut | None
    trail_pct: NumberOut | None
    water_mark: NumberOut | None
    triggered_at: datetime | None
    extended_hours: bool
    submitted_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    finished_at: datetime | None
    status_reason: str
    replaces: UUID | None
    replaced_by: UUID | None
    filled_before: NumberOut
    order_class: str
    parent_id: UUID | None
    legs: "list[OrderOut] | None"

    @classmethod
    def from_order(cls, order: Order, *, symbol: str) -> "OrderOut":
        """With its exits, whose ``legs`` are there to be read where it is no simple order."""
        legs = None
        if order.order_class != OrderClass.SIMPLE and order.parent_id is None:
            legs = [
                cls.from_order(leg, symbol=symbol)
                for leg in sorted(order.legs.all(), key=lambda leg: leg.id)
                if leg.replaced_by_id is None
            ]
        average = order.average_fill_price
        return cls(
            id=order.id,
            client_order_id=order.client_order_id,
            portfolio_id=order.portfolio_id,
            symbol=symbol,
            side=order.side,
            type=order.type,
            time_in_force=order.time_in_force,
            status=order.status,
            quantity=order.quantity,
            notional=order.notional,
            filled_quantity=order.filled_quantity,
            average_fill_price=None if average is None else average.quantize(AVERAGE_PLACES),
            limit_price=order.limit_price,
            stop_price=order.stop_price,
            trail_amount=order.trail_amount,
            trail_pct=order.trail_pct,
            water_mark=order.water_mark,
            triggered_at=order.triggered_at,
            extended_hours=order.extended_hours,
            submitted_at=order.submitted_at,
            updated_at=order.updated_at,
            expires_at=order.expires_at,
            finished_at=order.finished_at,
            status_reason=order.status_reason,
            replaces=order.replaces_id,
            replaced_by=order.replaced_by_id,
            filled_before=order.filled_before,
            order_class=order.order_class,
            parent_id=order.parent_id,
            legs=legs,
        )


class ChangedTermsIn(SchemaIn):
    quantity: AmountIn | None = None
    limit_price: PriceIn | None = None
    stop_price: PriceIn | None = None
    trail_amount: PriceIn | None = None
    trail_pct: PriceIn | None = None
    time_in_force: TimeInForce | None = None
    client_order_id: str | None = None

    model_config = ConfigDict(json_schema_extra={"example": {"limit_price": "201.50"}})


class OrderReplaceIn(ChangedTermsIn):
    """What is to change; what is left out or null stays.

    `quantity` counts all that is ordered, also what the order has filled.
    """

    def to_changes(self, *, key: str | None) -> Changes:
        given = self.model_dump()
        if any(value is not None for value in given.values()) and key:
            fallback = key if len(key) <= CLIENT_ORDER_ID_LENGTH else None
            given["client_order_id"] = self.client_order_id or fallback
        return Changes(**given)


class OrderList(SchemaOut):
    items: list[OrderOut]
    next_cursor: str | None


class OrdersWanted(PageIn):
    portfolio_id: UUID | None = None
    status: Annotated[
        str | None,
        Field(description="a status, several with commas, or `open` or `closed`", max_length=200),
    ] = None
    symbol: Symbol | None = None
    start: Annotated[MomentIn | None, Field(description="submitted from this moment on")] = None
    end: Annotated[MomentIn | None, Field(description="submitted before this moment")] = None


class OrderEventOut(SchemaOut):
    kind: str
    status: str
    occurred_at: datetime
    actor_id: UUID | None
    details: dict[str, Any]

    @classmethod
    def from_event(cls, event: OrderEvent) -> Self:
        return cls(
            kind=event.kind,
            status=event.status,
            occurred_at=event.occurred_at,
            actor_id=event.actor_id,
            details=event.details,
        )


class OrderEventList(SchemaOut):
    items: list[OrderEventOut]
    next_cursor: str | None
