"""Orders as Alpaca's client reads them: amounts as strings, statuses of a closed list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from integrations.alpaca_api.asset_json import ASSET_CLASS
from market.values import plain, plain_or_none, wire_time
from trading.models import Order
from trading.states import OrderClass, Status

# One word that its client does not know fails its whole list; ours that have no namesake there
# are told as the nearest.
STATUSES: Final = {"denied": "rejected"}
AVERAGE_PLACES: Final = 10


def order_json(order: Order, *, legs: Sequence[Order] | None = None) -> dict[str, Any]:
    """One order, with its instrument loaded, and within it its exits where they are wanted."""
    average = order.average_fill_price
    return {
        "id": str(order.id),
        "client_order_id": order.client_order_id,
        "created_at": wire_time(order.submitted_at),
        "updated_at": wire_time(order.updated_at),
        "submitted_at": wire_time(order.submitted_at),
        "filled_at": finished(order, Status.FILLED),
        "expired_at": finished(order, Status.EXPIRED),
        "expires_at": time_or_none(order.expires_at),
        "canceled_at": finished(order, Status.CANCELED),
        "failed_at": finished(order, Status.REJECTED) or finished(order, Status.DENIED),
        "replaced_at": finished(order, Status.REPLACED),
        "replaced_by": id_or_none(order.replaced_by_id),
        "replaces": id_or_none(order.replaces_id),
        "asset_id": str(order.instrument.public_id),
        "symbol": order.instrument.symbol,
        "asset_class": ASSET_CLASS,
        "notional": plain_or_none(order.notional),
        "qty": plain(order.quantity) if order.notional is None else None,
        "filled_qty": plain(order.filled_quantity),
        "filled_avg_price": None if average is None else plain(round(average, AVERAGE_PLACES)),
        "order_class": "" if order.order_class == OrderClass.SIMPLE else order.order_class,
        "order_type": order.type,
        "type": order.type,
        "side": order.side,
        "time_in_force": order.time_in_force,
        "limit_price": plain_or_none(order.limit_price),
        "stop_price": plain_or_none(order.stop_price),
        "status": STATUSES.get(order.status, order.status),
        "extended_hours": order.extended_hours,
        "legs": None if legs is None else [order_json(leg) for leg in legs],
        "trail_percent": plain_or_none(order.trail_pct),
        "trail_price": plain_or_none(order.trail_amount),
        "hwm": plain_or_none(order.water_mark),
    }


def finished(order: Order, status: Status) -> str | None:
    """When the order came to that end; ``None`` where it has not."""
    return time_or_none(order.finished_at) if order.status == status else None


def id_or_none(order_id: UUID | None) -> str | None:
    return None if order_id is None else str(order_id)


def time_or_none(at: datetime | None) -> str | None:
    return None if at is None else wire_time(at)
