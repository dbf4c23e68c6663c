"""What the owner of an order gave, whatever splits have made of it since."""

from __future__ import annotations

from copy import copy
from typing import Final

from trading.models import Order

GIVEN: Final = ("quantity", "filled_before", "limit_price", "stop_price", "trail_amount")


def as_given(order: Order) -> Order:
    """The order with quantity and prices as they were before the first split; not to be saved."""
    first = min(order.restatements.all(), key=lambda one: one.id, default=None)
    if first is None:
        return order
    given = copy(order)
    for name in GIVEN:
        setattr(given, name, getattr(first, name))
    return given
