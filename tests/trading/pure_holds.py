"""What orders hold, without a database: as ``portfolio.holds`` would write it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from portfolio.holds import HoldChange
from tests.trading.plain_groups import PlainGroups
from trading.shards.batches import PRICE_STEPS, QUANTITY_STEPS, WorkingOrder
from trading.shards.needed_holds import needed_hold
from trading.states import CommandKind, Side

NOTHING = Decimal(0)


@dataclass
class Holds:
    """By the id of each hold, what it has left."""

    left: dict[UUID, Decimal] = field(default_factory=dict)

    def place(self, order: WorkingOrder, kind: CommandKind) -> None:
        """Reserve what an order needs; exits of a purchase share what that will have bought.

        One that is to replace another takes over what that has.
        """
        if order.shares_hold:
            return
        is_covered = kind is CommandKind.REPLACE or order.is_dormant
        self.left[order.id] = NOTHING if is_covered else needed_hold_of(order)

    def change(self, changes: Iterable[HoldChange]) -> None:
        for change in changes:
            has = self.left[change.reference] if change.refilled_to is None else change.refilled_to
            left = has + change.added - change.consumed
            assert left >= 0, f"hold {change.reference.int} lacks {-left}"
            self.left[change.reference] = NOTHING if change.release_rest else left

    def compare(self, orders: Iterable[WorkingOrder], plain: PlainGroups) -> None:
        """Raises AssertionError where a hold has not what those need who share it."""
        needed: dict[UUID, int] = {}
        sharing: dict[UUID, WorkingOrder] = {}
        on_their_way: set[UUID] = set()  # of those whose turn has not come, who hold already
        for order in orders:
            if (known := plain.orders.get(order.id)) is None:
                on_their_way.add(order.hold_id)
            else:
                sharing[order.hold_id] = order
                has = needed.get(order.hold_id, 0)
                needed[order.hold_id] = max(has, plain.held_for(known))
        for hold_id, order in sharing.items():
            if hold_id in on_their_way:
                continue
            found, name = self.in_steps(order), f"{order.order_class} {order.side} {order.type}"
            assert found == needed[hold_id], (
                f"{name} {order.id.int}: holds {found}, not {needed[hold_id]}"
            )

    def in_steps(self, order: WorkingOrder) -> Decimal:
        """What is left for an order, as ``plain_groups`` counts it."""
        left = self.left[order.hold_id] * QUANTITY_STEPS
        return left * PRICE_STEPS if order.side is Side.BUY else left


def needed_hold_of(order: WorkingOrder) -> Decimal:
    return needed_hold(
        side=order.side,
        quantity=order.quantity,
        worst_price=order.worst_price,
        schedule=order.schedule,
    )
