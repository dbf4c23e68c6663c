"""Rates for dates, one or very many at once, in a fixed number of SQL queries each.

A rate that is missing is a gap with its reason, never 1 and never another day's in disguise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import numpy as np
from django.conf import settings
from django.db import connection
from numpy.typing import NDArray

from market.currencies.cross_rates import (
    DatedRate,
    ExchangeRate,
    Gap,
    Reach,
    cross_rate,
    fixed_rate,
    still_usable,
    usable,
)
from market.currencies.currency_units import EURO, MINOR_UNITS, major_of
from market.errors import RateMissing, UnknownCurrency
from market.models import EuroRate

Pair = tuple[str, str]  # base, quote
Wanted = tuple[str, str, date]
ONE: Final = Decimal(1)

LATEST: Final = """
    SELECT wanted.currency, wanted.on_date, found.on_date, found.per_euro
    FROM unnest(%s::varchar[], %s::date[]) AS wanted(currency, on_date)
    JOIN LATERAL (
        SELECT on_date, per_euro FROM market_eurorate
        WHERE currency = wanted.currency AND on_date <= wanted.on_date
        ORDER BY on_date DESC LIMIT 1
    ) AS found ON TRUE
"""
KNOWN: Final = """
    SELECT currency, min(on_date), max(on_date) FROM market_eurorate
    GROUP BY currency ORDER BY currency
"""


@dataclass(frozen=True, slots=True)
class KnownCurrency:
    """A currency with rates, and the dates of the first and the newest; both None for the euro."""

    code: str
    first_date: date | None
    newest_date: date | None


@dataclass(frozen=True, slots=True)
class RateSeries:
    """Rates of one pair for each calendar day from ``start`` on, without gaps in the days."""

    base: str
    quote: str
    start: date
    days: tuple[ExchangeRate | Gap, ...]

    def as_array(self) -> NDArray[np.float64]:
        """The rates in order of days, NaN where there is none.

        Floats have some sixteen digits: right for charts and statistics, not for booking money.
        """
        return np.array(
            [float(day.rate) if isinstance(day, ExchangeRate) else np.nan for day in self.days],
            dtype=np.float64,
        )


def exchange_rate(base: str, quote: str, on_date: date) -> ExchangeRate:
    """How many of ``quote`` one of ``base`` is on a date.

    Raises:
        UnknownCurrency: the desk has no rate of one of them on any date.
        RateMissing: there is none for that date; ``reason`` says why.
    """
    found = exchange_rates([(base, quote, on_date)])[base, quote, on_date]
    if isinstance(found, Gap):
        ensure_known(base, quote)
        raise RateMissing(base, quote, on_date=on_date, reason=found)
    return found


def exchange_rates(wanted: Iterable[Wanted]) -> dict[Wanted, ExchangeRate | Gap]:
    """Rates by base, quote and date, in the order asked for, from two queries."""
    asked = list(dict.fromkeys(wanted))
    fixed = {one: fixed_rate(*one) for one in asked}
    open_ones = [one for one in asked if fixed[one] is None]
    reach = current_reach() if open_ones else None
    if reach is None:
        return {one: fixed[one] or Gap.NO_RATES for one in asked}
    latest = _latest({(major_of(code), day) for *codes, day in open_ones for code in codes})
    legs = {key: still_usable(rate, key[1], reach) for key, rate in latest.items()}

    def leg(currency: str, on_date: date) -> DatedRate | Gap:
        if major_of(currency) == EURO:
            return DatedRate(on_date, ONE)
        return legs.get((major_of(currency), on_date), Gap.NO_RATES)

    return {
        (base, quote, day): fixed[base, quote, day]
        or cross_rate(
            base, quote, day, base_leg=leg(base, day), quote_leg=leg(quote, day), reach=reach
        )
        for base, quote, day in asked
    }


def rate_series(pairs: Iterable[Pair], *, start: date, end: date) -> dict[Pair, RateSeries]:
    """The rates of each pair on each day from ``start`` to ``end``, both included, two queries."""
    asked = list(dict.fromkeys(pairs))
    days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
    reach = current_reach()
    if reach is None:
        return {pair: RateSeries(*pair, start, _without_rates(pair, days)) for pair in asked}
    majors = {major_of(code) for pair in asked for code in pair}
    published = _published(majors, start=start - _longest_age(reach), end=end)
    legs = {
        currency: [usable(published.get(currency, []), day, reach) for day in days]
        for currency in majors
        if currency != EURO
    } | {EURO: [DatedRate(day, ONE) for day in days]}
    return {
        (base, quote): RateSeries(
            base,
            quote,
            start,
            tuple(
                fixed_rate(base, quote, day)
                or cross_rate(base, quote, day, base_leg=ours, quote_leg=theirs, reach=reach)
                for day, ours, theirs in zip(
                    days, legs[major_of(base)], legs[major_of(quote)], strict=True
                )
            ),
        )
        for base, quote in asked
    }


def known_currencies() -> list[KnownCurrency]:
    """Every currency with a rate, by code, and the hundredths of those that have some."""
    with connection.cursor() as cursor:
        cursor.execute(KNOWN)
        dates = {code: (first, newest) for code, first, newest in cursor.fetchall()}
    dates |= {minor: dates[major] for minor, major in MINOR_UNITS.items() if major in dates}
    known = [KnownCurrency(code, *span) for code, span in dates.items()]
    return sorted([*known, KnownCurrency(EURO, None, None)], key=lambda one: one.code)


def ensure_known(*currencies: str) -> None:
    """Raises:
    UnknownCurrency: one of them has no rate on any date.
    """
    for currency in currencies:
        major = major_of(currency)
        if major != EURO and not EuroRate.objects.filter(currency=major).exists():
            raise UnknownCurrency(currency)


def current_reach() -> Reach | None:
    """How far rates are carried now; None where there are none at all."""
    newest = EuroRate.objects.order_by("-on_date").values_list("on_date", flat=True).first()
    if newest is None:
        return None
    return Reach(
        carry_days=settings.LIMITS.exchange_rate_carry_days,
        outdated_days=settings.LIMITS.exchange_rate_outdated_days,
        newest_date=newest,
    )


def _longest_age(reach: Reach) -> timedelta:
    return timedelta(days=reach.carry_days + reach.outdated_days)


def _without_rates(pair: Pair, days: Iterable[date]) -> tuple[ExchangeRate | Gap, ...]:
    return tuple(fixed_rate(*pair, day) or Gap.NO_RATES for day in days)


def _latest(keys: set[tuple[str, date]]) -> dict[tuple[str, date], DatedRate]:
    ordered = sorted(key for key in keys if key[0] != EURO)
    with connection.cursor() as cursor:
        cursor.execute(LATEST, [[code for code, _ in ordered], [day for _, day in ordered]])
        return {
            (currency, day): DatedRate(dated_on, per_euro)
            for currency, day, dated_on, per_euro in cursor.fetchall()
        }


def _published(currencies: Iterable[str], *, start: date, end: date) -> dict[str, list[DatedRate]]:
    found: dict[str, list[DatedRate]] = {}
    rows = (
        EuroRate.objects.filter(currency__in=list(currencies), on_date__gte=start, on_date__lte=end)
        .order_by("currency", "on_date")
        .values_list("currency", "on_date", "per_euro")
    )
    for currency, on_date, per_euro in rows:
        found.setdefault(currency, []).append(DatedRate(on_date, per_euro))
    return found
