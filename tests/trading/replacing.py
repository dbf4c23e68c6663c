"""Asking for a replacement, as tests do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.trading.factories import NOON
from trading.changing.replacement import Changes, replace_order
from trading.models import Order


def ask(order: Order, **changes: Any) -> Order:
    """Numbers may be given as text."""
    numbers: dict[str, Any] = {
        name: value if name in {"client_order_id", "time_in_force"} else Decimal(value)
        for name, value in changes.items()
    }
    return replace_order(order_id=order.id, changes=Changes(**numbers), requested_at=NOON)
