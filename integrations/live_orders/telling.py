"""What a broker tells of an order of ours, as a step of its life. Pure."""

from __future__ import annotations

from typing import Final

from integrations.live_orders.recording import Facts
from integrations.live_orders.states import Event
from trading.brokers import BrokerOrder

ENDS: Final = {
    "filled": Event.FILLED,
    "canceled": Event.CANCELED,
    "replaced": Event.REPLACED,
    "expired": Event.EXPIRED,
    "rejected": Event.REJECTED,
}
SAYS_REJECTED: Final = "The broker took it and then would not carry it out."


def told_event(order: BrokerOrder) -> Event:
    if found := ENDS.get(order.status):
        return found
    return Event.PARTLY_FILLED if order.filled_quantity else Event.ACCEPTED


def facts_of(order: BrokerOrder) -> Facts:
    return Facts(
        reason=SAYS_REJECTED if order.status == "rejected" else "",
        broker_order_id=order.id,
        filled_quantity=order.filled_quantity,
        raw=order.raw,
    )
