"""Orders as pages show them, each list in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q

from portfolio.models import Hold
from trading.models import Fill, Order, OrderEvent
from trading.states import OrderClass


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
    group: Sequence[Order]  # entry or lead, and exits, that belong together with it


def order_rows(orders: Iterable[Order]) -> list[OrderRow]:
    """The orders in the order given, with what each still holds; one query."""
    listed = list(orders)
    held = dict(
        Hold.objects.filter(
            reference__in=[order.hold_id for order in listed], released_at=None
        ).values_list("reference", "remaining")
    )
    return [OrderRow(order, held.get(order.hold_id, Decimal(0))) for order in listed]


def order_story(order: Order) -> OrderStory:
    """Everything about one order; three queries, and one more where others belong to it."""
    fills = list(order.fills.select_related("settlement").order_by("executed_at", "id"))
    return OrderStory(
        order=order,
        held=order_rows([order])[0].held,
        lines=[_line(event) for event in order.events.order_by("id")],
        fills=fills,
        commission=sum((fill.commission for fill in fills), Decimal(0)),
        group=_group_of(order),
    )


def _group_of(order: Order) -> list[Order]:
    if order.order_class == OrderClass.SIMPLE:
        return []
    head = order.parent_id or order.id
    together = Order.objects.filter(Q(id=head) | Q(parent=head), replaced_by=None)
    return list(together.exclude(id=order.id).select_related("instrument").order_by("id"))


def _line(event: OrderEvent) -> StoryLine:
    facts = event.details
    detail = str(facts.get("reason", ""))
    if "price" in facts:
        detail = f"at {facts['price']}"
    if "quantity" in facts and "price" in facts:
        detail = f"{facts['quantity']} at {facts['price']}"
    return StoryLine(event.kind.replace("_", " ").capitalize(), event.occurred_at, detail)
