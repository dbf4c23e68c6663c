"""What became of an account's orders, each change as Alpaca's client reads it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid5

from integrations.alpaca_api.fill_course import FILLS, Filled, filled_by
from integrations.alpaca_api.order_json import AVERAGE_PLACES, STATUSES, order_json
from market.values import plain, wire_time
from portfolio.models import Position
from trading.live.stream_events import StreamEvent, current_horizon, read_stretch
from trading.models import Order, OrderEvent
from trading.states import Event

Key = tuple[str, str]

# Its client takes other words too, and those that its documentation has mean what is meant here.
NAMES: Final = {
    Event.PLACED: "pending_new",
    Event.ACCEPTED: "new",
    Event.TRIGGERED: "new",
    Event.ACTIVATED: "new",
    Event.ARMED: "held",
    Event.REDUCED: "restated",
    Event.PARTLY_FILLED: "partial_fill",
    Event.FILLED: "fill",
    Event.CANCEL_REQUESTED: "pending_cancel",
    Event.REPLACE_REQUESTED: "pending_replace",
    Event.REPLACE_REJECTED: "order_replace_rejected",
}


@dataclass(frozen=True, slots=True)
class Place:
    """How far an account's stream was told: up to ``horizon``, and beyond it these events."""

    horizon: int
    told: frozenset[Key] = frozenset()


def place_now() -> Place:
    return Place(current_horizon())


def read_updates(account_id: UUID, place: Place) -> tuple[list[dict[str, Any]] | None, Place]:
    """The updates since a place, and where to go on; ``None`` for too many to tell one by one."""
    stretch = read_stretch(account_id, since=place.horizon)
    if stretch.events is None:
        return None, Place(stretch.horizon)
    told = frozenset(it.key for it in stretch.events if it.xid >= stretch.horizon)
    new = [it for it in stretch.events if it.order_id is not None and it.key not in place.told]
    return updates_of(new), Place(stretch.horizon, told)


def updates_of(events: Collection[StreamEvent]) -> list[dict[str, Any]]:
    """One update for each change, in order, with the order as it was right after it."""
    order_ids = {UUID(it.order_id) for it in events if it.order_id is not None}
    if not order_ids:
        return []
    rows = OrderEvent.objects.filter(id__in=[int(it.key[1]) for it in events]).order_by("id")
    orders = Order.objects.select_related("instrument").in_bulk(order_ids)
    filled = filled_by(order_ids)
    units = units_of(orders.values())
    return [
        update_json(row, orders[row.order_id], filled=filled[row.order_id], units=units)
        for row in rows
    ]


def units_of(orders: Iterable[Order]) -> dict[tuple[UUID, int], Decimal]:
    """What the portfolios of these orders hold of their instruments now."""
    pairs = {(order.portfolio_id, order.instrument_id) for order in orders}
    rows = Position.objects.filter(
        portfolio_id__in={portfolio_id for portfolio_id, _ in pairs},
        instrument_id__in={instrument_id for _, instrument_id in pairs},
    )
    return {
        (portfolio_id, instrument_id): quantity
        for portfolio_id, instrument_id, quantity in rows.values_list(
            "portfolio_id", "instrument_id", "quantity"
        )
    }


def update_json(
    event: OrderEvent,
    order: Order,
    *,
    filled: Collection[Filled],
    units: dict[tuple[UUID, int], Decimal],
) -> dict[str, Any]:
    """The ``data`` of one message; amounts are strings."""
    told: dict[str, Any] = {
        "event": NAMES.get(Event(event.kind), event.kind),
        "execution_id": event.details.get("fill_id") or str(uuid5(order.id, str(event.id))),
        "order": order_json(order) | order_after(event, filled),
        "timestamp": wire_time(event.occurred_at),
    }
    if event.kind in FILLS:
        held = units.get((order.portfolio_id, order.instrument_id), Decimal(0))
        told |= {
            "price": event.details["price"],
            "qty": event.details["quantity"],
            "position_qty": plain(held),
        }
    return told


def order_after(event: OrderEvent, filled: Collection[Filled]) -> dict[str, Any]:
    """What of an order has changed since the event."""
    reached = [it for it in filled if it.event_id <= event.id]
    units = reached[-1].quantity if reached else Decimal(0)
    average = round(reached[-1].amount / units, AVERAGE_PLACES) if units else None
    return {
        "status": STATUSES.get(event.status, event.status),
        "filled_qty": plain(units),
        "filled_avg_price": None if average is None else plain(average),
        "updated_at": wire_time(event.occurred_at),
    }
