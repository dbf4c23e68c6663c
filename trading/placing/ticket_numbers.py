"""Whether a number of a ticket can be computed with, and the words where it cannot. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from accounts.errors import Problem
from market.values import plain


def number_problems(field: str, number: Decimal | None, maximum: int) -> Iterator[Problem]:
    if number is None:
        return
    # Compared before anything is computed: a number of 400 digits would cost or overflow.
    if not number.is_finite() or number <= 0:
        yield Problem(field, "not_positive", f"{field} was {short(number)}, must be > 0.")
    elif number > maximum:
        yield Problem(field, "too_large", f"{field} was {short(number)}, must be <= {maximum}.")


def is_on_grid(number: Decimal, step: Decimal) -> bool:
    # More decimal places than any grid has; the remainder of such a number could overflow.
    exponent = number.normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -12 and number % step == 0


def short(number: Decimal) -> str:
    """A number as words may carry it, however many digits were sent."""
    if not number.is_finite():
        return str(number)
    is_writable = len(number.as_tuple().digits) <= 28 and -12 <= number.adjusted() <= 20
    return plain(number) if is_writable else f"{number:.3E}"


def grid_problems(
    field: str, number: Decimal | None, step: Decimal, code: str
) -> Iterator[Problem]:
    """Args:
    number: one within bounds, or ``None`` for nothing to judge.
    """
    if number is not None and not is_on_grid(number, step):
        message = f"{field} was {short(number)}, must be a multiple of {plain(step)}."
        yield Problem(field, code, message)
