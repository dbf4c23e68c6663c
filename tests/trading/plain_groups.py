"""Who belongs to whom in the plain market, and what is held for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from tests.trading.plain_orders import ASLEEP, Plain, by_turn
from tests.trading.plain_trading import PlainTrading, Taken
from trading.states import OrderClass


@dataclass
class PlainGroups(PlainTrading):
    """Entries with their exits, and exits of which one may happen."""

    touched: dict[UUID, str] = field(default_factory=dict)  # of groups → how they end

    def tell(self, outcomes: Iterable[Taken]) -> None:
        """Remember of whom others are to hear."""
        for order, met in outcomes:
            for one in (order, *met):
                if one.group is not OrderClass.SIMPLE:
                    self.touched.setdefault(one.id, "canceled")

    def legs_of(self, order: Plain) -> list[Plain]:
        legs = [one for one in self.orders.values() if one.parent == order.id and not one.end]
        return by_turn(legs)

    def family_of(self, order: Plain) -> list[Plain]:
        """All of its group, whatever came of them; the one that leads it comes first."""
        lead = order.parent or order.id
        family = [one for one in self.orders.values() if lead in {one.id, one.parent}]
        return sorted(family, key=lambda one: one.id != lead)

    def partner_of(self, order: Plain) -> Plain | None:
        """The other exit of its group, if it has not come to its end."""
        if order.is_entry or order.group is OrderClass.SIMPLE:
            return None
        family = self.family_of(order)
        return next(
            (one for one in family if one.is_exit and one is not order and not one.end), None
        )

    def held_for(self, order: Plain) -> int:
        """What is held for an order and those that share it.

        Of a buy what it may cost, in steps of a price times those of a quantity; else units.
        """
        if order.is_exit:
            return self._held_for_exits(order)
        if order.end:
            return 0
        return order.held if order.is_buy else order.left

    def _held_for_exits(self, order: Plain) -> int:
        """What they may sell: what is left of it, or what their entry has bought so far."""
        family = self.family_of(order)
        working = [one for one in family if one.is_exit and not one.end]
        awake = [one for one in working if one.place != ASLEEP]
        if awake:
            return awake[0].left
        return family[0].filled if working else 0
