"""Whether any order, chain of replacements or group has filled more than it was for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal
from math import prod
from uuid import UUID

from market.calendar import local_date
from market.models import CorporateAction
from trading.models import Order, SplitRestatement
from trading.states import OrderClass, Status


def grown_since(orders: Collection[Order]) -> dict[UUID, Decimal]:
    """What a unit of each order is now, where splits came after the order had ended."""
    heeded = set(
        SplitRestatement.objects.filter(order__in=orders)
        .exclude(restated_at=None)
        .values_list("order_id", "split_id")
    )
    ids = {order.instrument_id for order in orders}
    splits = list(CorporateAction.objects.filter(instrument__in=ids, kind="split"))
    return {
        order.id: prod(
            (
                Decimal(split.ratio_to or 1) / Decimal(split.ratio_from or 1)
                for split in splits
                if split.instrument_id == order.instrument_id
                and split.ex_date > local_date(order.submitted_at, "America/New_York")
                and (order.id, split.id) not in heeded
            ),
            start=Decimal(1),
        )
        for order in orders
    }


def check_orders(found: Iterable[Order]) -> None:
    """Nothing is overfilled: no order, no chain of replacements, no exits of a group.

    All is counted in units of now, whatever splits have come since an order ended.
    """
    every = {order.id: order for order in found}
    grown = grown_since(every.values())

    def first_of(order_id: UUID) -> UUID:
        """The order that it began as, over all replacements."""
        replaced = every[order_id].replaces_id
        return order_id if replaced is None else first_of(replaced)

    filled: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    asked: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    sold: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for order in every.values():
        assert 0 <= order.filled_quantity <= order.quantity, f"{order.id} is overfilled"
        first, units = first_of(order.id), grown[order.id]
        filled[first] += order.filled_quantity * units
        asked[first] = max(asked[first], (order.quantity + order.filled_before) * units)
        if order.parent_id is not None:
            sold[first_of(order.parent_id)] += order.filled_quantity * units
        if order.status == Status.REPLACED:
            assert any(one.replaces_id == order.id for one in every.values())
    for first, quantity in filled.items():
        assert quantity <= asked[first], f"{first} and its successors are overfilled"
    for first, quantity in sold.items():
        if every[first].order_class == OrderClass.OCO:
            assert quantity + filled[first] <= asked[first], f"both exits of {first} sold"
        else:
            assert quantity <= filled[first], f"the exits of {first} sold more than it bought"
