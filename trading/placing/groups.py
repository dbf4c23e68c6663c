"""Orders that belong together: an entry and its exits, or two exits of which one may happen.

Pure. An entry (``bracket``, ``oto``) has one or two legs that sleep until it is done. The primary
of an ``oco`` has one leg, which wakes as soon as the primary rests. Two exits that work at the
same time are partners: what one fills is taken off the other.
"""

from __future__ import annotations

from uuid import UUID

from trading.shards.batches import WorkingOrder
from trading.states import OrderClass


class Groups:
    """Who belongs to whom among the working orders."""

    def __init__(self) -> None:
        self._legs: dict[UUID, dict[UUID, None]] = {}  # entry or primary → its legs, in order

    def add(self, order: WorkingOrder) -> None:
        if order.parent_id is not None:
            self._legs.setdefault(order.parent_id, {})[order.id] = None

    def remove(self, order: WorkingOrder) -> None:
        if order.parent_id is None:
            return
        legs = self._legs.get(order.parent_id, {})
        legs.pop(order.id, None)
        if not legs:
            self._legs.pop(order.parent_id, None)

    def legs_of(self, order: WorkingOrder) -> list[UUID]:
        """The working legs of an entry or a primary."""
        return list(self._legs.get(order.id, ()))

    def members_of(self, order: WorkingOrder) -> list[UUID]:
        """Whoever leads its group, which may have ended, and all that follow."""
        head = order.parent_id or order.id
        return [head, *self._legs.get(head, ())]

    def companions_of(self, order: WorkingOrder) -> list[UUID]:
        """All that cannot go on without it."""
        partner = self.partner_of(order)
        legs = self.legs_of(order)
        return legs if partner is None or partner in legs else [partner, *legs]

    def partner_of(self, order: WorkingOrder) -> UUID | None:
        """The exit that works or sleeps beside this one; ``None`` for an entry."""
        if order.order_class is OrderClass.OCO:
            return order.parent_id or next(iter(self.legs_of(order)), None)
        if order.parent_id is None:
            return None
        return next((leg for leg in self._legs.get(order.parent_id, ()) if leg != order.id), None)
