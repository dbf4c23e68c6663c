"""Numbers and times as people read them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.templatetags import formats


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        ("1234.5", "USD", "$1,234.50"),
        ("-1234.5", "USD", "−$1,234.50"),
        ("0", "EUR", "€0.00"),
        ("1234.5", "JPY", "¥1,235"),
        ("12", "SEK", "SEK 12.00"),
        ("0.005", "USD", "$0.01"),
        ("-0.001", "USD", "$0.00"),
    ],
)
def test_money_carries_its_currency_and_sign(value: str, currency: str, expected: str) -> None:
    assert formats.money(Decimal(value), currency) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("12", "+$12.00"), ("-12", "−$12.00"), ("0", "$0.00"), ("0.001", "$0.00")],
)
def test_a_change_shows_its_sign(value: str, expected: str) -> None:
    assert formats.signed(Decimal(value), "USD") == expected


def test_a_missing_price_says_so() -> None:
    assert formats.price(None) == "no price"
    assert formats.money(None, "USD") == "no price"
    assert formats.percent(None) == "–"
    assert formats.price_or_dash(None) == "–"


@pytest.mark.parametrize(
    ("value", "expected"), [("12", "12.00"), ("1234.5678", "1,234.5678"), ("0.10000000", "0.10")]
)
def test_a_price_has_two_places_or_what_it_needs(value: str, expected: str) -> None:
    assert formats.price(Decimal(value)) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("1250", "1,250"), ("0.1250000000", "0.125"), ("1E+3", "1,000")]
)
def test_a_quantity_has_no_needless_zeros(value: str, expected: str) -> None:
    assert formats.quantity(Decimal(value)) == expected


def test_numbers_follow_the_language(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "de"
    assert formats.money(Decimal("1234.5"), "EUR") == "€1.234,50"
    assert formats.signed_percent(Decimal("-1.25")) == "−1,25%"


@pytest.mark.parametrize(
    ("value", "expected"), [("1", "rise"), ("-0.01", "fall"), ("0", "flat"), (None, "flat")]
)
def test_a_direction_names_its_class(value: str | None, expected: str) -> None:
    assert formats.direction(None if value is None else Decimal(value)) == expected


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=8))
def test_the_plain_number_is_exact(value: Decimal) -> None:
    text = formats.plain(value)
    assert Decimal(text) == value
    assert "E" not in text


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(5, "5 s"), (59, "59 s"), (60, "1 min"), (7_300, "2 h"), (200_000, "2 d"), (-5, "0 s")],
)
def test_an_age_is_in_its_largest_unit(seconds: int, expected: str) -> None:
    assert formats.age(timezone.now() - timedelta(seconds=seconds)) == expected


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [("dark", "dark"), ("light", "light"), (None, "auto"), ('"><script>', "auto")],
)
def test_a_theme_cookie_is_not_trusted(cookie: str | None, expected: str) -> None:
    assert formats.theme(cookie) == expected
