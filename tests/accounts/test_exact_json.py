from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from accounts import exact_json
from accounts.exact_json import read_amount, read_moment, read_number, read_price


@given(st.decimals(allow_nan=False, allow_infinity=False, places=10))
def test_a_number_keeps_every_digit_of_its_text(number: Decimal) -> None:
    text = format(number, "f")
    assert format(exact_json.parse(f'{{"n": {text}}}'.encode())["n"], "f") == text


def test_a_number_that_no_float_can_hold_stays_exact() -> None:
    parsed = exact_json.parse(b'{"price": 10.05, "quantity": 0.1234567890123456789}')
    assert str(parsed["price"]) == "10.05"
    assert str(parsed["quantity"]) == "0.1234567890123456789"


@pytest.mark.parametrize(
    "body", ['{"a": 1, "a": 1}', '[{"b": {"a": 1, "c": 2, "a": null}}]', '{"a": 1, "\\u0061": 2}']
)
def test_a_name_that_comes_twice_is_refused(body: str) -> None:
    with pytest.raises(exact_json.RepeatedName, match="'a' is named twice"):
        exact_json.parse(body.encode())


@pytest.mark.parametrize(
    "literal",
    ["NaN", "Infinity", "-Infinity", "1e400", "1e99999999999999999999", "9" * 5000],
)
def test_a_number_beyond_any_column_is_refused(literal: str) -> None:
    parsed = exact_json.parse(f'{{"n": {literal}}}'.encode())["n"]
    with pytest.raises(PydanticCustomError):
        read_amount(parsed)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10.05", "10.05"),
        (" 1", None),
        ("1_000", None),
        ("١٢", None),
        ("", None),
        ("abc", None),
        ("0x10", None),
        ("1e2", "1E+2"),
        (".5", "0.5"),
        ("-5", "-5"),
        (5, "5"),
        (True, None),
        (None, None),
        ([], None),
        ("NaN", None),
        ("1" * 100, None),
    ],
)
def test_a_number_is_read_as_a_person_would(value: object, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(PydanticCustomError):
            read_number(value)
    else:
        assert str(read_number(value)) == expected


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("999999999999999999", True),
        ("1000000000000000000", False),
        ("0.0000000001", True),
        ("0.00000000001", False),
        ("0.00000000010000", True),
        ("1e17", True),
        ("1e18", False),
        ("0e5000", True),
    ],
)
def test_an_amount_has_18_digits_before_the_point_and_10_behind(value: str, *, fits: bool) -> None:
    if fits:
        assert read_amount(value) == Decimal(value)
    else:
        with pytest.raises(PydanticCustomError):
            read_amount(value)


def test_a_price_has_8_places() -> None:
    assert read_price("123456789012.12345678") == Decimal("123456789012.12345678")
    with pytest.raises(PydanticCustomError):
        read_price("1.123456789")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-01-31T15:30:00Z", datetime(2025, 1, 31, 15, 30, tzinfo=UTC)),
        ("2025-01-31T15:30:00+07:00", datetime(2025, 1, 31, 8, 30, tzinfo=UTC)),
        ("2025-01-31T15:30:00 07:00", datetime(2025, 1, 31, 8, 30, tzinfo=UTC)),
        ("2025-01-31", datetime(2025, 1, 31, tzinfo=UTC)),
        ("2025-01-31T15:30:00", None),
        ("2025-02-30", None),
        ("yesterday", None),
        ("1738337400", None),
        ("0001-01-01T00:00:00+14:00", None),
        (1738337400, None),
    ],
)
def test_a_time_needs_an_offset(text: object, expected: datetime | None) -> None:
    if expected is None:
        with pytest.raises(PydanticCustomError):
            read_moment(text)
    else:
        assert read_moment(text) == expected
