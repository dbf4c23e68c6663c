"""What of a balance may be spent, by the five amounts that it consists of. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol


class HasAmounts(Protocol):
    """The amounts of one commodity; ``to_deliver`` is <= 0, ``held`` and ``accrued`` >= 0."""

    @property
    def settled(self) -> Decimal: ...
    @property
    def to_receive(self) -> Decimal: ...
    @property
    def to_deliver(self) -> Decimal: ...
    @property
    def held(self) -> Decimal: ...
    @property
    def accrued(self) -> Decimal: ...


class Spendable:
    """Mix into whatever has the five amounts."""

    __slots__ = ()

    @property
    def total(self: HasAmounts) -> Decimal:
        """What is owned of the commodity, settled or not, and what has accrued of it."""
        return self.settled + self.to_receive + self.to_deliver + self.accrued

    @property
    def available(self: HasAmounts) -> Decimal:
        """What an order may still reserve. What has accrued comes on a day of its own."""
        return self.settled + self.to_receive + self.to_deliver - self.held

    @property
    def withdrawable(self: HasAmounts) -> Decimal:
        """What may leave: settled, not owed for purchases, and not reserved."""
        settled = self.settled + self.to_deliver
        return min(settled, settled + self.to_receive - self.held)
