"""What a fill costs on top of its price. Pure.

An order is charged on everything it has filled so far, and each fill pays the difference. So
ten partial fills cost exactly what one fill of the same amount costs, the minimum is charged
once, and what was reserved for the worst price always suffices.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

CENT: Final = Decimal("0.01")
BASIS_POINT: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Schedule:
    """``rate_bps`` of the amount, but at least ``minimum`` per order, in the order's currency."""

    rate_bps: Decimal
    minimum: Decimal


SCHEDULES: Final[dict[str, Schedule]] = {
    "free": Schedule(rate_bps=Decimal(0), minimum=Decimal(0)),
    "retail": Schedule(rate_bps=Decimal(5), minimum=Decimal(1)),
}


def commission_on(schedule: Schedule, filled_amount: Decimal) -> Decimal:
    """The whole charge of an order that has traded ``filled_amount``; rounded half up to cents.

    It never falls while the amount grows, and never takes more than the amount itself.
    """
    if not filled_amount:
        return Decimal(0)
    charge = (filled_amount * schedule.rate_bps * BASIS_POINT).quantize(CENT, ROUND_HALF_UP)
    return min(max(charge, schedule.minimum), filled_amount)


def fill_commission(schedule: Schedule, *, amount_before: Decimal, amount: Decimal) -> Decimal:
    """What one fill adds, given the amount its order had traded before it."""
    return commission_on(schedule, amount_before + amount) - commission_on(schedule, amount_before)
