"""Decimal numbers as arrays of integers, multiplied exactly. Pure.

Each array has as many decimal places as its numbers need, so that products stay within 64 bits
as long as they can; a product is worked out in full and rounded once, half-even, to the ten
places that the ledger stores. What would not fit into 64 bits is computed on Python's unbounded
integers by the same steps: slower, and never wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from portfolio.bookkeeping.amounts import EXACT, TEN_PLACES, ZERO

Numbers = NDArray[Any]  # of int64, or of Python's integers
Flags = NDArray[np.bool_]

PLACES: Final = 10  # of the ledger
MOST: Final = 2**62
# Beyond it the first guess of a quotient may be too far off to be corrected in 64 bits.
LARGEST_DIVISOR: Final = 10**15
PLACES_MAXIMUM: Final = 24
ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Scaled:
    """Numbers in order: ``numbers[i] / 10**places`` where ``known[i]``, and 0 where not.

    ``odd`` are those that have more places than an array can, as thirds after a split; their
    number is 0 here. None of the numbers is beyond ``bound``, where one is told.
    """

    numbers: Numbers
    places: int
    known: Flags
    odd: Mapping[int, Decimal] = field(default_factory=dict)
    bound: int | None = None

    @classmethod
    def of(cls, values: Sequence[Decimal | None], *, most_places: int = PLACES_MAXIMUM) -> Self:
        odd: dict[int, Decimal] = {}
        places = 0
        for index, value in enumerate(values):
            if value is None:
                continue
            needed = places_of(value)
            if needed > most_places:
                odd[index] = value
            else:
                places = max(places, needed)
        numbers = [
            0 if value is None or index in odd else int(value.scaleb(places, context=EXACT))
            for index, value in enumerate(values)
        ]
        known = np.array([value is not None for value in values], dtype=np.bool_)
        return cls(*in_lowest_terms(integers(numbers), places), known, odd)

    @classmethod
    def ones(cls, count: int) -> Self:
        return cls(np.ones(count, np.int64), 0, np.ones(count, np.bool_))

    def __len__(self) -> int:
        return len(self.known)

    @property
    def most(self) -> int:
        """None of the numbers is beyond it."""
        return largest(self.numbers) if self.bound is None else self.bound

    def at(self, index: int) -> Decimal | None:
        if not self.known[index]:
            return None
        number = Decimal(int(self.numbers[index]))
        return self.odd.get(index, number.scaleb(-self.places, context=EXACT))

    def is_same(self, other: Scaled) -> bool:
        """Meant for a few numbers."""
        return (
            self.places == other.places
            and self.numbers.tolist() == other.numbers.tolist()
            and self.known.tolist() == other.known.tolist()
            and self.odd == other.odd
        )

    def part(self, start: int, end: int) -> Scaled:
        odd = self.odd and {
            place - start: value for place, value in self.odd.items() if start <= place < end
        }
        numbers, known = self.numbers[start:end], self.known[start:end]
        return Scaled(numbers, self.places, known, odd, self.bound)

    def followed_by(self, other: Scaled) -> Scaled:
        places = max(self.places, other.places)
        mine, theirs = 10 ** (places - self.places), 10 ** (places - other.places)
        numbers = np.concatenate([times(self.numbers, mine), times(other.numbers, theirs)])
        known = np.concatenate([self.known, other.known])
        odd = {**self.odd, **{len(self) + place: value for place, value in other.odd.items()}}
        bound = max(self.most * mine, other.most * theirs)
        return Scaled(numbers, places, known, odd, bound)


@dataclass(frozen=True, slots=True)
class Column:
    """Numbers at ten places; 0 where they are not known."""

    numbers: Numbers
    known: Flags

    @classmethod
    def unknown(cls, count: int) -> Self:
        return cls(np.zeros(count, np.int64), np.zeros(count, np.bool_))

    @classmethod
    def nothing(cls, count: int) -> Self:
        return cls(np.zeros(count, np.int64), np.ones(count, np.bool_))

    def at(self, places: NDArray[np.int64]) -> Column:
        return Column(self.numbers[places], self.known[places])

    def decimals(self) -> list[Decimal | None]:
        if not self.numbers.any() and self.known.all():
            return [ZERO] * len(self.known)
        found: list[Decimal | None] = [
            Decimal(number).scaleb(-PLACES, context=EXACT) for number in self.numbers.tolist()
        ]
        for index in np.flatnonzero(~self.known).tolist():
            found[index] = None
        return found


def places_of(value: Decimal) -> int:
    """How many decimal places a number needs."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -PLACES:
        exponent = value.normalize(context=EXACT).as_tuple().exponent
    return max(0, -int(exponent))


def integers(numbers: Sequence[int]) -> Numbers:
    fits = all(-MOST < number < MOST for number in numbers)
    return np.array(numbers, dtype=np.int64 if fits else object)


def in_lowest_terms(
    numbers: Numbers, places: int, *, shared: int | None = None
) -> tuple[Numbers, int]:
    """The same numbers with as few places as they need: stored ones end in zeros.

    Args:
        shared: their greatest common divisor, where it is known.
    """
    if shared is None:
        shared = int(np.gcd.reduce(numbers)) if len(numbers) else 0
    spare = 0
    while spare < places and shared % 10 ** (spare + 1) == 0:
        spare += 1
    if not spare:
        return numbers, places
    fewer = numbers // 10**spare
    return integers(fewer.tolist()) if fewer.dtype.kind == "O" else fewer, places - spare


def largest(numbers: Numbers) -> int:
    """The largest magnitude among numbers."""
    if not len(numbers):
        return 0
    return max(abs(int(numbers.max())), abs(int(numbers.min())))


def times(numbers: Numbers, factor: int) -> Numbers:
    if factor == 1:
        return numbers
    if max(largest(numbers), 1) * abs(factor) >= MOST:
        numbers = numbers.astype(object)
    found: Numbers = numbers * factor
    return found


def product(left: Numbers, right: Numbers) -> Numbers:
    """Number by number, in 64 bits where they suffice."""
    if largest(left) * largest(right) >= MOST:
        left, right = left.astype(object), right.astype(object)
    found: Numbers = left * right
    return found


def ten_places(left: Numbers, right: Numbers, *, places: int) -> Numbers:
    """Products of numbers that together have ``places``, rounded half-even to ten."""
    if places <= PLACES:
        return times(product(left, right), 10 ** (PLACES - places))
    divisor = 10 ** (places - PLACES)
    bound = largest(left) * largest(right)
    is_beyond = bound // divisor >= MOST or divisor > LARGEST_DIVISOR
    if bound < MOST or is_beyond or "O" in {left.dtype.kind, right.dtype.kind}:
        return rounded(product(left, right), divisor)
    return wide_quotient(left, right, divisor)


def rounded(numbers: Numbers, divisor: int) -> Numbers:
    """Divided, half-even."""
    if divisor >= MOST // 2:
        numbers = numbers.astype(object)
    quotient = numbers // divisor
    return quotient + is_up(quotient, numbers - quotient * divisor, divisor)


def wide_quotient(left: Numbers, right: Numbers, divisor: int) -> Numbers:
    """``left * right / divisor`` half-even, where the product alone would need 128 bits.

    The quotient is guessed in floating point, at most some 2,600 off. What the product is beyond
    the guess is then so small that 64 bits hold it, and integer arithmetic modulo 2**64, which
    is what arrays do, gives exactly that.
    """
    guess = np.rint(left.astype(np.float64) * right.astype(np.float64) / divisor)
    quotient = guess.astype(np.int64)
    wrapped = left.astype(np.uint64) * right.astype(np.uint64)
    rest = (wrapped - quotient.astype(np.uint64) * np.uint64(divisor)).astype(np.int64)
    missing = rest // divisor
    quotient, rest = quotient + missing, rest - missing * divisor
    return quotient + is_up(quotient, rest, divisor)


def is_up(quotient: Numbers, rest: Numbers, divisor: int) -> Flags:
    """Whether a rest, from 0 to below the divisor, rounds its quotient up."""
    twice = rest * 2
    is_odd = quotient % 2 == 1
    return np.asarray((twice > divisor) | ((twice == divisor) & is_odd), dtype=np.bool_)


def worth(units: Scaled, price: Scaled, rate: Scaled) -> Numbers:
    """Units × price × rate at ten places, rounded once; 0 where one of them is not known."""
    first, places = product(units.numbers, price.numbers), units.places + price.places
    found = ten_places(first, rate.numbers, places=places + rate.places)
    for index in {*price.odd, *rate.odd}:
        factors = (units.at(index), price.at(index), rate.at(index))
        found = patched(found, index, factors)
    return np.where(price.known & rate.known, found, 0)


def patched(numbers: Numbers, index: int, factors: Sequence[Decimal | None]) -> Numbers:
    exact = ONE
    for factor in factors:
        if factor is None:
            return numbers
        exact = EXACT.multiply(exact, factor)
    number = as_integer(exact)
    if abs(number) >= MOST:
        numbers = numbers.astype(object)
    numbers[index] = number
    return numbers


def as_integer(value: Decimal) -> int:
    """A number at the ten places of the ledger."""
    return int(value.quantize(TEN_PLACES, context=EXACT).scaleb(PLACES, context=EXACT))


def summed(arrays: Sequence[Numbers], count: int, *, most: int = MOST) -> Numbers:
    """Arrays added up, in 64 bits where the largest sum fits.

    Args:
        most: no sum is beyond it, as far as that is known.
    """
    total: Numbers = np.zeros(count, np.int64)
    if most >= MOST and sum(largest(one) for one in arrays) >= MOST:
        total = total.astype(object)
    for one in arrays:
        if one.dtype.kind == "O":
            total = total + one
        else:
            total += one
    return total
