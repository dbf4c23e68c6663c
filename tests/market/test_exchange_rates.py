"""Rates between currencies: published, carried, crossed, missing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from market.currencies.cross_rates import (
    Basis,
    DatedRate,
    ExchangeRate,
    Gap,
    Reach,
    cross_rate,
    fixed_rate,
)
from market.currencies.currency_units import MINOR_UNITS
from market.currencies.exchange_rates import (
    exchange_rate,
    exchange_rates,
    known_currencies,
    rate_series,
)
from market.currencies.rate_intake import store_rates
from market.currencies.rate_sheets import PublishedRate
from market.errors import RateMissing, UnknownCurrency

FRIDAY = date(2026, 1, 9)
CARRY = timedelta(days=settings.LIMITS.exchange_rate_carry_days)
OUTDATED = timedelta(days=settings.LIMITS.exchange_rate_outdated_days)
REACH = Reach(carry_days=7, outdated_days=92, newest_date=FRIDAY)


def publish(day: date, **per_euro: str) -> None:
    rates = [PublishedRate(currency, day, Decimal(rate)) for currency, rate in per_euro.items()]
    store_rates(rates, source="ecb", is_authoritative=True, recorded_at=datetime.now(UTC))


def a_cross(base: str, base_per_euro: Decimal, quote: str, quote_per_euro: Decimal) -> Decimal:
    found = cross_rate(
        base,
        quote,
        FRIDAY,
        base_leg=DatedRate(FRIDAY, base_per_euro),
        quote_leg=DatedRate(FRIDAY, quote_per_euro),
        reach=REACH,
    )
    assert isinstance(found, ExchangeRate)
    return found.rate


per_euro_rates = st.decimals(
    min_value=Decimal("0.0001"), max_value=Decimal(400_000), places=4, allow_nan=False
)
TINY = Decimal("1e-11")


@given(per_euro_rates, per_euro_rates)
def test_there_and_back_is_one(dollars: Decimal, yen: Decimal) -> None:
    there, back = a_cross("USD", dollars, "JPY", yen), a_cross("JPY", yen, "USD", dollars)
    assert abs(there * back - 1) <= TINY


@given(per_euro_rates, per_euro_rates, per_euro_rates)
def test_a_way_round_a_third_currency_is_as_long(
    dollars: Decimal, yen: Decimal, pounds: Decimal
) -> None:
    direct = a_cross("USD", dollars, "GBP", pounds)
    round_about = a_cross("USD", dollars, "JPY", yen) * a_cross("JPY", yen, "GBP", pounds)
    assert abs(round_about / direct - 1) <= TINY


@given(per_euro_rates, per_euro_rates)
def test_hundredths_are_exactly_a_hundredth(dollars: Decimal, pounds: Decimal) -> None:
    in_pounds = a_cross("USD", dollars, "GBP", pounds)
    assert a_cross("USD", dollars, "GBX", pounds) == in_pounds * 100
    assert len(in_pounds.as_tuple().digits) <= 12


@pytest.mark.parametrize(("minor", "major"), MINOR_UNITS.items())
def test_the_same_money_has_a_fixed_rate(minor: str, major: str) -> None:
    for base, quote, rate in ((minor, major, "0.01"), (major, minor, "100"), (minor, minor, "1")):
        found = fixed_rate(base, quote, FRIDAY)
        assert found is not None
        assert (found.rate, found.basis) == (Decimal(rate), Basis.FIXED)
    assert fixed_rate(minor, "USD", FRIDAY) is None


def test_pence_convert_to_pounds_and_to_dollars() -> None:
    pounds = fixed_rate("GBX", "GBP", FRIDAY)
    assert pounds is not None
    assert pounds.convert(Decimal("243.08") * 1000) == Decimal("2430.80")


@pytest.mark.django_db
def test_a_rate_crosses_through_the_euro() -> None:
    publish(FRIDAY, USD="1.25", GBP="0.8")
    found = exchange_rate("USD", "GBP", FRIDAY)
    assert (found.rate, found.dated_on, found.basis) == (
        Decimal("0.64"),
        FRIDAY,
        Basis.PUBLISHED,
    )
    assert exchange_rate("EUR", "USD", FRIDAY).rate == Decimal("1.25")
    assert exchange_rate("USD", "EUR", FRIDAY).rate == Decimal("0.8")
    assert exchange_rate("GBX", "USD", FRIDAY).rate == Decimal("0.015625")


@pytest.mark.django_db
def test_a_weekend_carries_the_rate_and_names_it() -> None:
    publish(FRIDAY, USD="1.25")
    found = exchange_rate("EUR", "USD", FRIDAY + timedelta(days=2))
    assert (found.basis, found.dated_on, found.age_days) == (Basis.CARRIED, FRIDAY, 2)


@pytest.mark.django_db
def test_a_currency_that_pauses_is_carried_up_to_the_limit() -> None:
    publish(FRIDAY, USD="1.25", RUB="90")
    publish(FRIDAY + CARRY + timedelta(days=1), USD="1.26")
    assert exchange_rate("EUR", "RUB", FRIDAY + CARRY).basis is Basis.CARRIED
    with pytest.raises(RateMissing) as caught:
        exchange_rate("EUR", "RUB", FRIDAY + CARRY + timedelta(days=1))
    assert caught.value.reason is Gap.TOO_OLD


@pytest.mark.django_db
def test_a_desk_that_nobody_feeds_says_that_its_rates_are_outdated_and_then_has_none() -> None:
    publish(FRIDAY, USD="1.25")
    assert exchange_rate("EUR", "USD", FRIDAY + CARRY).basis is Basis.CARRIED
    found = exchange_rate("EUR", "USD", FRIDAY + OUTDATED)
    assert (found.basis, found.age_days) == (Basis.OUTDATED, OUTDATED.days)
    with pytest.raises(RateMissing):
        exchange_rate("EUR", "USD", FRIDAY + OUTDATED + timedelta(days=1))


@pytest.mark.django_db
def test_the_older_leg_dates_a_cross_rate() -> None:
    publish(FRIDAY - timedelta(days=1), USD="1.25", ISK="140")
    publish(FRIDAY, USD="1.26")
    found = exchange_rate("ISK", "USD", FRIDAY)
    assert (found.basis, found.age_days) == (Basis.CARRIED, 1)


@pytest.mark.django_db
def test_before_the_first_rate_there_is_none() -> None:
    publish(FRIDAY, USD="1.25")
    with pytest.raises(RateMissing) as caught:
        exchange_rate("EUR", "USD", FRIDAY - timedelta(days=1))
    assert caught.value.reason is Gap.NO_RATES


@pytest.mark.django_db
def test_an_unknown_currency_is_no_one_to_one() -> None:
    publish(FRIDAY, USD="1.25")
    with pytest.raises(UnknownCurrency):
        exchange_rate("XXX", "USD", FRIDAY)
    assert exchange_rates([("USD", "XXX", FRIDAY)])["USD", "XXX", FRIDAY] is Gap.NO_RATES


@pytest.mark.django_db
def test_a_desk_without_any_rate_has_gaps_only() -> None:
    assert exchange_rates([("USD", "EUR", FRIDAY)]) == {("USD", "EUR", FRIDAY): Gap.NO_RATES}
    series = rate_series([("USD", "EUR")], start=FRIDAY, end=FRIDAY)["USD", "EUR"]
    assert series.days == (Gap.NO_RATES,)
    assert exchange_rate("USD", "USD", FRIDAY).rate == 1


@pytest.mark.django_db
def test_many_pairs_and_dates_take_two_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    days = [FRIDAY - timedelta(days=number) for number in range(60)]
    for number, day in enumerate(days):
        if day.weekday() < 5:
            publish(day, USD=f"1.{100 + number}", GBP=f"0.{800 + number}", ZAR="20.5")
    pairs = [("USD", "EUR"), ("EUR", "GBP"), ("GBX", "USD"), ("ZAC", "GBX"), ("EUR", "EUR")]
    wanted = [(*pair, day) for pair in pairs for day in days]
    with django_assert_num_queries(2):
        found = exchange_rates(wanted)
    assert list(found) == wanted
    with django_assert_num_queries(2):
        series = rate_series(pairs, start=days[-1], end=days[0])
    for pair in pairs:
        assert list(series[pair].days) == [found[*pair, day] for day in reversed(days)]


@pytest.mark.django_db
def test_a_series_becomes_an_array_with_nan_where_there_is_no_rate() -> None:
    publish(FRIDAY, USD="1.25")
    start = FRIDAY - timedelta(days=1)
    series = rate_series([("EUR", "USD")], start=start, end=FRIDAY + timedelta(days=2))
    array = series["EUR", "USD"].as_array()
    assert array.dtype == np.float64
    assert np.isnan(array[0])
    assert array[1:].tolist() == [1.25, 1.25, 1.25]
    days = series["EUR", "USD"].days
    assert [day.age_days for day in days if isinstance(day, ExchangeRate)] == [0, 1, 2]


@pytest.mark.django_db
def test_known_currencies_come_with_their_span_and_hundredths() -> None:
    publish(FRIDAY - timedelta(days=1), GBP="0.8")
    publish(FRIDAY, GBP="0.81")
    known = {one.code: one for one in known_currencies()}
    assert list(known) == ["EUR", "GBP", "GBX"]
    assert known["GBX"].newest_date == FRIDAY
    assert known["EUR"].first_date is None
    assert all(a.code < b.code for a, b in pairwise(known.values()))
