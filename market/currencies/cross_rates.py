"""Rates between any two currencies, from what each is worth in euros. Pure.

A published rate is units of a currency for one euro. The rate from base to quote is the quote's
divided by the base's, rounded half-even to twelve significant digits; what is the same money (a
currency and itself, a pound and its pennies) has a fixed rate, on every date.

A rate holds from the date it is published on. On days without one (weekends, holidays) the
latest before is carried, and says so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from typing import Final

from market.currencies.currency_units import major_of, units_per_major

ROUNDING: Final = Context(prec=12, rounding=ROUND_HALF_EVEN)


class Basis(StrEnum):
    """How a rate comes to stand for a date."""

    FIXED = "fixed"  # the same money; no market is asked
    PUBLISHED = "published"  # of that very date
    CARRIED = "carried"  # the latest before, over a weekend or holidays
    OUTDATED = "outdated"  # the newest the desk has; newer ones were published meanwhile


class Gap(StrEnum):
    """Why there is no rate."""

    NO_RATES = "no_rates"  # never published, or not before that date
    TOO_OLD = "too_old"  # the latest before is older than may be carried


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a rate is carried."""

    carry_days: int  # over days on which others were not published either, or this one paused
    outdated_days: int  # beyond the newest date that the desk has any rate of
    newest_date: date  # that date


@dataclass(frozen=True, slots=True)
class DatedRate:
    """Units of one currency for one euro, as published on a date."""

    dated_on: date
    per_euro: Decimal


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """How many of ``quote`` one of ``base`` is on a date."""

    base: str
    quote: str
    on_date: date  # asked for
    rate: Decimal  # > 0
    dated_on: date  # published; the older of two where the rate crosses through the euro
    basis: Basis

    @property
    def age_days(self) -> int:
        return (self.on_date - self.dated_on).days

    def convert(self, amount: Decimal) -> Decimal:
        """An amount of ``base`` in ``quote``, not rounded to its minor unit."""
        return amount * self.rate


def usable(published: Sequence[DatedRate], on_date: date, reach: Reach) -> DatedRate | Gap:
    """The rate that stands for a date, of those published, which ascend by date."""
    place = bisect_right(published, on_date, key=lambda rate: rate.dated_on)
    return still_usable(published[place - 1] if place else None, on_date, reach)


def still_usable(latest: DatedRate | None, on_date: date, reach: Reach) -> DatedRate | Gap:
    """The latest rate up to a date, unless there is none or it is too old to stand for it."""
    if latest is None:
        return Gap.NO_RATES
    unpublished_days = (min(on_date, reach.newest_date) - latest.dated_on).days
    behind_days = (on_date - reach.newest_date).days
    if unpublished_days > reach.carry_days or behind_days > reach.outdated_days:
        return Gap.TOO_OLD
    return latest


def fixed_rate(base: str, quote: str, on_date: date) -> ExchangeRate | None:
    """The rate within one money; None between two."""
    if major_of(base) != major_of(quote):
        return None
    rate = units_per_major(quote) / units_per_major(base)
    return ExchangeRate(base, quote, on_date, rate, on_date, Basis.FIXED)


def cross_rate(
    base: str,
    quote: str,
    on_date: date,
    *,
    base_leg: DatedRate | Gap,
    quote_leg: DatedRate | Gap,
    reach: Reach,
) -> ExchangeRate | Gap:
    """The rate from one money to another; a gap where either side has one."""
    if isinstance(base_leg, Gap):
        return base_leg
    if isinstance(quote_leg, Gap):
        return quote_leg
    # Multiplied before the one division, so that nothing is rounded twice.
    rate = ROUNDING.divide(
        quote_leg.per_euro * units_per_major(quote), base_leg.per_euro * units_per_major(base)
    )
    # A leg of the euro itself is of the date asked for, so it never decides.
    dated_on = min(base_leg.dated_on, quote_leg.dated_on)
    age_days = (on_date - dated_on).days
    if age_days == 0:
        basis = Basis.PUBLISHED
    else:
        basis = Basis.CARRIED if age_days <= reach.carry_days else Basis.OUTDATED
    return ExchangeRate(base, quote, on_date, rate, dated_on, basis)
