"""Exact arithmetic on money and units: ten decimal places, as the ledger stores them. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from typing import Final

ZERO: Final = Decimal(0)
TEN_PLACES: Final = Decimal("1E-10")
PRICE_UNIT: Final = Decimal("1E-8")  # the finest price of one unit that the ledger stores
HUNDREDTH: Final = Decimal("0.01")
DIGITS: Final = 40  # before the point, far beyond what is stored

# Wide enough that a product or quotient of stored numbers is rounded once, by ``quantize``.
EXACT: Final = Context(prec=90, rounding=ROUND_HALF_EVEN)


def ten_places(value: Decimal) -> Decimal:
    """Round half-even to the ten places that the ledger stores."""
    return value.quantize(TEN_PLACES, context=EXACT)


def is_finer(number: Decimal, unit: Decimal) -> bool:
    """Whether it has parts of the unit; of what is too large to be stored that is no question."""
    return number.adjusted() < DIGITS and number != number.quantize(unit, context=EXACT)


def stored_units(value: Decimal) -> Decimal:
    """Units in the ten places of the ledger, half up.

    Half up and not half even: adding a number of ten places then never changes how the rest is
    rounded, so what events add up to is the same whichever of them is rounded.
    """
    return value.quantize(TEN_PLACES, rounding=ROUND_HALF_UP, context=EXACT)


def product(quantity: Decimal, unit_price: Decimal) -> Decimal:
    """Units × price per unit, rounded once to ten places."""
    return ten_places(EXACT.multiply(quantity, unit_price))


def to_places(amount: Decimal, places: int) -> Decimal:
    """An amount as people read it, halves away from zero."""
    return amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=EXACT)


def share(total: Decimal, *, part: Decimal, whole: Decimal) -> Decimal:
    """The part of ``total`` that ``part`` of ``whole`` carries, rounded once to ten places.

    All of it exactly where part and whole are equal; ``whole`` must not be zero.
    """
    if part == whole:
        return total
    return ten_places(EXACT.divide(EXACT.multiply(total, part), whole))


def percentage(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """``part`` in percent of ``whole``, two places; None where there is nothing to compare."""
    if part is None or whole is None or whole == 0:
        return None
    return EXACT.divide(part * 100, whole).quantize(HUNDREDTH, context=EXACT)
