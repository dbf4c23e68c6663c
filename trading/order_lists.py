"""Orders as pages show them, each list in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from portfolio.models import Hold
from trading.models import Fill, Order, OrderEvent


@dataclass(frozen=True, slots=True)
class OrderRow:
    order: Order
    held: Decimal  # cash of the instrument's currency for a buy, units for a sale


@dataclass(frozen=True, slots=True)
class StoryLine:
    words: str
    occurred_at: datetime
    detail: str  # how much at which price, or why; may be empty


@dataclass(frozen=True, slots=True)
class OrderStory:
    """An order with everything that happened to it, oldest first."""

    order: Order
    held: Decimal
    lines: Sequence[StoryLine]
    fills: Sequence[Fill]  # each with its settlement
    commission: Decimal  # over all fills


def order_rows(orders: Iterable[Order]) -> list[OrderRow]:
    """The orders in the order given, with what each still holds; one query."""
    listed = list(orders)
    held = dict(
        Hold.objects.filter(
            reference__in=[order.id for order in listed], released_at=None
        ).values_list("reference", "remaining")
    )
    return [OrderRow(order, held.get(order.id, Decimal(0))) for order in listed]


def order_story(order: Order) -> OrderStory:
    """Everything about one order; three queries."""
    fills = list(order.fills.select_related("settlement").order_by("executed_at", "id"))
    return OrderStory(
        order=order,
        held=order_rows([order])[0].held,
        lines=[_line(event) for event in order.events.order_by("id")],
        fills=fills,
        commission=sum((fill.commission for fill in fills), Decimal(0)),
    )


def _line(event: OrderEvent) -> StoryLine:
    facts = event.details
    detail = str(facts.get("reason", ""))
    if "price" in facts:
        detail = f"at {facts['price']}"
    if "quantity" in facts and "price" in facts:
        detail = f"{facts['quantity']} at {facts['price']}"
    return StoryLine(event.kind.replace("_", " ").capitalize(), event.occurred_at, detail)
