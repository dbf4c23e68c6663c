"""What a fill costs on top of its price. Pure.

An order is charged on everything it has filled so far, and each fill pays the difference. So
ten partial fills cost exactly what one fill of the same amount costs, the minimum is charged
once, and what was reserved for the worst price always suffices.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final

from market.values import plain

CENT: Final = Decimal("0.01")
BASIS_POINT: Final = Decimal("0.0001")
ZERO: Final = Decimal(0)
FREE: Final = "free"


@dataclass(frozen=True, slots=True)
class Schedule:
    """What an order is charged, in its currency; without any part it is free.

    The parts add up. Together they are at least ``minimum`` and, where there is one, at most
    ``maximum``, and never more than the amount traded.
    """

    per_share: Decimal = ZERO
    per_order: Decimal = ZERO
    rate_bps: Decimal = ZERO  # of the amount
    minimum: Decimal = ZERO
    maximum: Decimal | None = None

    @property
    def text(self) -> str:
        """Its one form in letters, which ``schedule_of`` reads; orders are kept with it."""
        parts = {
            "share": self.per_share,
            "order": self.per_order,
            "bps": self.rate_bps,
            "min": self.minimum,
            "max": self.maximum,
        }
        words = [f"{name}={plain(part)}" for name, part in parts.items() if part]
        return " ".join(words) or FREE


# What settings may name, and what orders of earlier versions were placed under.
SCHEDULES: Final[dict[str, Schedule]] = {
    FREE: Schedule(),
    "retail": Schedule(rate_bps=Decimal(5), minimum=Decimal(1)),
}


@lru_cache(maxsize=1024)
def schedule_of(text: str) -> Schedule:
    """The schedule of that name, or of that text.

    Raises:
        ValueError: it is neither.
    """
    if text in SCHEDULES:
        return SCHEDULES[text]
    parts = dict(word.partition("=")[::2] for word in text.split(" "))
    if not parts.keys() <= {"share", "order", "bps", "min", "max"}:
        raise ValueError(f"no schedule of commissions: {text!r}")
    numbers = {name: Decimal(part) for name, part in parts.items()}
    return Schedule(
        per_share=numbers.get("share", ZERO),
        per_order=numbers.get("order", ZERO),
        rate_bps=numbers.get("bps", ZERO),
        minimum=numbers.get("min", ZERO),
        maximum=numbers.get("max"),
    )


def commission_on(schedule: Schedule, filled_amount: Decimal, quantity: Decimal) -> Decimal:
    """The whole charge of an order that has traded so much; rounded half up to cents.

    It never falls while amount and quantity grow, and never takes more than the amount itself.

    Args:
        filled_amount: in the order's currency.
        quantity: units.
    """
    if not filled_amount:
        return ZERO
    parts = (
        schedule.per_order
        + schedule.per_share * quantity
        + schedule.rate_bps * BASIS_POINT * filled_amount
    )
    charge = max(parts.quantize(CENT, ROUND_HALF_UP), schedule.minimum)
    if schedule.maximum is not None:
        charge = min(charge, schedule.maximum)
    return min(charge, filled_amount)


def fill_commission(
    schedule: Schedule,
    *,
    amount_before: Decimal,
    quantity_before: Decimal,
    amount: Decimal,
    quantity: Decimal,
) -> Decimal:
    """What one fill adds, given what its order had traded before it."""
    after = commission_on(schedule, amount_before + amount, quantity_before + quantity)
    return after - commission_on(schedule, amount_before, quantity_before)
