"""Orders that belong together, as tests place them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.trading.factories import NOON, make_ticket
from trading import orders
from trading.models import Order
from trading.states import OrderClass


def place_group(
    portfolio: Any,
    apple: Any,
    kind: str = "bracket",
    *,
    profit: str | None = None,
    loss: str | None = None,
    loss_limit: str | None = None,
    **fields: Any,
) -> Order:
    ticket = replace(
        make_ticket(apple, **({"tif": "gtc"} | fields)),
        order_class=OrderClass(kind),
        take_profit=Decimal(profit) if profit else None,
        stop_loss=Decimal(loss) if loss else None,
        stop_loss_limit=Decimal(loss_limit) if loss_limit else None,
    )
    return orders.place_order(portfolio_id=portfolio.id, ticket=ticket, placed_at=NOON)


def legs_of(order: Order) -> list[Order]:
    return list(order.legs.order_by("id"))
