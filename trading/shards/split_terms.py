"""A split as an order is restated for it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitTerms:
    """``ratio_to`` units came of ``ratio_from``, both > 0, on a day of the exchange."""

    split_id: UUID
    ratio_from: int
    ratio_to: int
    ex_date: date
    is_done: bool = False  # the order was restated for it

    @property
    def is_reverse(self) -> bool:
        """Whether there are fewer units afterwards."""
        return self.ratio_to < self.ratio_from

    @property
    def words(self) -> str:
        return f"A split of {self.ratio_to} for {self.ratio_from} took effect on {self.ex_date}"

    def units(self, quantity: Decimal) -> Decimal:
        """What so many units of before have become, not rounded."""
        return quantity * self.ratio_to / self.ratio_from

    def price(self, price: Decimal) -> Decimal:
        """What a price of a unit of before is of a unit of now, not rounded."""
        return price * self.ratio_from / self.ratio_to
