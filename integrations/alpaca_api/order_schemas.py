"""What Alpaca's client sends about orders."""

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from accounts.errors import Problem
from accounts.exact_json import AmountIn, MomentIn, PriceIn
from trading.changing.replacement_drafts import Changes
from trading.errors import OrderDenied
from trading.orders import OrderTicket
from trading.placing.tickets import leading_prices
from trading.states import OrderClass, OrderType, Side, TimeInForce

ORDERS: Final = 50
ORDERS_MAXIMUM: Final = 500
ALL: Final = Decimal(100)  # per cent of a position


class LenientIn(BaseModel):
    """Its client sends fields that mean nothing here, such as an empty list of option legs."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True, frozen=True)


class TakeProfitIn(LenientIn):
    limit_price: PriceIn


class StopLossIn(LenientIn):
    stop_price: PriceIn
    limit_price: PriceIn | None = None


class OrderIn(LenientIn):
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    qty: AmountIn | None = None
    notional: AmountIn | None = None
    limit_price: PriceIn | None = None
    stop_price: PriceIn | None = None
    trail_price: PriceIn | None = None
    trail_percent: PriceIn | None = None
    extended_hours: bool | None = None
    client_order_id: Annotated[str | None, Field(max_length=128)] = None
    order_class: Literal["", "simple", "bracket", "oco", "oto"] | None = None
    take_profit: TakeProfitIn | None = None
    stop_loss: StopLossIn | None = None

    def to_ticket(self, *, instrument_id: int) -> OrderTicket:
        order_class = OrderClass(self.order_class or OrderClass.SIMPLE)
        wanted = self.take_profit.limit_price if self.take_profit else None
        limit, profit = leading_prices(order_class, limit=self.limit_price, profit=wanted)
        loss = self.stop_loss
        return OrderTicket(
            instrument_id=instrument_id,
            side=self.side,
            type=self.type,
            time_in_force=self.time_in_force,
            quantity=self.qty,
            notional=self.notional,
            limit_price=limit,
            stop_price=self.stop_price,
            trail_amount=self.trail_price,
            trail_pct=self.trail_percent,
            extended_hours=bool(self.extended_hours),
            client_order_id=self.client_order_id or None,
            order_class=order_class,
            take_profit=profit,
            stop_loss=loss.stop_price if loss else None,
            stop_loss_limit=loss.limit_price if loss else None,
        )


class ReplaceIn(LenientIn):
    qty: AmountIn | None = None
    time_in_force: TimeInForce | None = None
    limit_price: PriceIn | None = None
    stop_price: PriceIn | None = None
    trail: PriceIn | None = None
    client_order_id: Annotated[str | None, Field(max_length=128)] = None

    def to_changes(self, *, trails_by_pct: bool) -> Changes:
        """``trail`` is of the kind that the order has."""
        return Changes(
            quantity=self.qty,
            time_in_force=self.time_in_force,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            trail_amount=None if trails_by_pct else self.trail,
            trail_pct=self.trail if trails_by_pct else None,
            client_order_id=self.client_order_id or None,
        )


class OrdersWanted(BaseModel):
    status: Literal["open", "closed", "all"] = "open"
    limit: Annotated[int, Field(ge=1, le=ORDERS_MAXIMUM)] = ORDERS
    after: MomentIn | None = None
    until: MomentIn | None = None
    direction: Literal["asc", "desc"] = "desc"
    nested: bool | None = None
    side: Side | None = None
    symbols: str | None = None


class CloseWanted(BaseModel):
    qty: AmountIn | None = None
    percentage: AmountIn | None = None

    def quantity_of(self, held: Decimal, *, lot_size: Decimal) -> Decimal:
        """The units to sell: as many as are asked for, or whole lots of all or of a part.

        Raises:
            OrderDenied: a quantity and a percentage, or a percentage out of range.
        """
        if self.qty is not None and self.percentage is not None:
            raise OrderDenied([Problem("qty", "superfluous", "Give qty or percentage, not both.")])
        if self.qty is not None:
            return self.qty
        percentage = ALL if self.percentage is None else self.percentage
        if not 0 < percentage <= ALL:
            message = f"percentage was {percentage}, must be more than 0 and at most 100."
            raise OrderDenied([Problem("percentage", "out_of_range", message)])
        return held * percentage / ALL // lot_size * lot_size
