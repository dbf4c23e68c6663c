"""What of a live order is to differ, and the ticket of the order that takes over. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from accounts.errors import Problem
from integrations.live_orders.tickets import NAMES, LiveTicket
from market.values import plain
from trading.states import OrderType, Side, TimeInForce

if TYPE_CHECKING:
    from integrations.models import LiveOrder

TERMS: Final = ("quantity", *NAMES, "time_in_force")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveChanges:
    """What is ``None`` stays. ``quantity`` counts all that is ordered, also what has filled."""

    client_order_id: str  # of the order that takes over
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_pct: Decimal | None = None
    time_in_force: TimeInForce | None = None

    def asked(self) -> dict[str, Any]:
        return {name: value for name in TERMS if (value := getattr(self, name)) is not None}


def ticket_of(order: LiveOrder, changes: LiveChanges) -> LiveTicket:
    """The whole order as it is asked for."""
    instrument = order.instrument
    kept = {name: getattr(order, name) for name in ("quantity", "notional", *NAMES)}
    terms = kept | {"time_in_force": TimeInForce(order.time_in_force)} | changes.asked()
    return LiveTicket(
        symbol=f"{instrument.exchange_id}:{instrument.symbol}",
        side=Side(order.side),
        type=OrderType(order.type),
        client_order_id=changes.client_order_id,
        **terms,
    )


def find_change_problems(
    order: LiveOrder, changes: LiveChanges, *, can_replace: bool, title: str
) -> list[Problem]:
    """What is wrong with the changes, whatever the order then looks like.

    Args:
        can_replace: whether the broker's adapter claims it.
        title: the broker's, for the words.
    """
    if not can_replace:
        message = f"{title} changes no orders; cancel it, and place another."
        return [Problem("", "not_supported", message)]
    if order.quantity is None:
        message = "An order by amount is not changed; cancel it, and place another."
        return [Problem("", "by_amount", message)]
    return list(_term_problems(order, changes))


def _term_problems(order: LiveOrder, changes: LiveChanges) -> Iterator[Problem]:
    asked = changes.asked()
    if all(value == getattr(order, name) for name, value in asked.items()):
        yield Problem("", "unchanged", "Say what is to change.")
    for name in NAMES:
        if name in asked and getattr(order, name) is None:
            yield Problem(name, "superfluous", f"The order has no {name}.")
    quantity = changes.quantity
    if quantity is not None and quantity.is_finite() and 0 < quantity <= order.filled_quantity:
        message = (
            f"quantity was {plain(quantity)}, must be more than the"
            f" {plain(order.filled_quantity)} that have filled."
        )
        yield Problem("quantity", "filled_already", message)
