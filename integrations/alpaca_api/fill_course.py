"""How orders came to what they have filled, fill by fill."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from trading.models import OrderEvent
from trading.states import Event

FILLS: Final = (Event.PARTLY_FILLED, Event.FILLED)
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Filled:
    """What an order had filled after one of its events: units of then, and their amount.

    ``fill_id`` is empty where a split restated what had filled. ``ordered`` is all of the order as
    the latest split left it, None before the first.
    """

    event_id: int
    quantity: Decimal
    amount: Decimal
    fill_id: str = ""
    is_whole: bool = False
    ordered: Decimal | None = None


def filled_by(order_ids: Collection[UUID]) -> defaultdict[UUID, list[Filled]]:
    """The course of each order's fills, oldest first; a split restates what had filled."""
    kinds = (*FILLS, Event.RESTATED)
    steps = OrderEvent.objects.filter(order_id__in=order_ids, kind__in=kinds).order_by("id")
    course: defaultdict[UUID, list[Filled]] = defaultdict(list)
    for event_id, order_id, kind, details in steps.values_list("id", "order_id", "kind", "details"):
        before = course[order_id][-1] if course[order_id] else Filled(0, ZERO, ZERO)
        if kind == Event.RESTATED:
            units, ordered = Decimal(details["filled_quantity"]), Decimal(details["quantity"])
            course[order_id].append(Filled(event_id, units, before.amount, ordered=ordered))
            continue
        units, price = Decimal(details["quantity"]), Decimal(details["price"])
        course[order_id].append(
            Filled(
                event_id,
                before.quantity + units,
                before.amount + units * price,
                fill_id=details["fill_id"],
                is_whole=kind == Event.FILLED,
                ordered=before.ordered,
            )
        )
    return course
