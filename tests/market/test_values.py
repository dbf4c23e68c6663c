from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.models import Instrument
from market.values import (
    Interval,
    plain,
    quote_from_wire,
    quote_to_wire,
    time_from_wire,
    wire_time,
)
from tests.market.factories import NOON, make_quote

APPLE = Instrument(id=7, symbol="AAPL")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        pytest.param("100", "100", id="keeps whole zeros"),
        pytest.param("1E+2", "100", id="no exponent"),
        pytest.param("1E-8", "0.00000001", id="no small exponent"),
        pytest.param("1.500", "1.5", id="no needless zeros"),
        pytest.param("2.000", "2", id="no needless point"),
        pytest.param("-0.00", "0", id="no negative zero"),
        pytest.param("-12.340", "-12.34", id="negative"),
    ],
)
def test_numbers_are_written_plainly(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_plain_number_is_the_same_number(number: Decimal) -> None:
    text = plain(number)
    assert Decimal(text) == number
    assert "E" not in text


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_not_written(number: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        plain(Decimal(number))


def test_a_quote_survives_the_wire() -> None:
    quote = make_quote(APPLE, "10.25")
    assert quote_from_wire(quote_to_wire(quote, with_depth=True)) == quote


def test_the_public_quote_has_the_promised_shape() -> None:
    wire = quote_to_wire(make_quote(APPLE, "10.5"), is_stale=True)
    assert wire == {
        "symbol": "AAPL",
        "bid": "10.49",
        "bid_size": "100",
        "ask": "10.51",
        "ask_size": "200",
        "last": "10.5",
        "last_size": "5",
        "previous_close": "8",
        "change": "2.5",
        "change_pct": "31.25",
        "occurred_at": "2026-01-05T17:00:00Z",
        "is_stale": True,
        "source": "simulated",
    }


def test_an_unknown_previous_close_gives_no_change() -> None:
    quote = replace(make_quote(APPLE), previous_close=None)
    assert quote.change is None
    assert quote.change_pct is None


def test_a_quote_is_stale_just_beyond_the_limit() -> None:
    quote = make_quote(APPLE, at=NOON)
    assert not quote.is_stale(NOON + timedelta(seconds=15), 15)
    assert quote.is_stale(NOON + timedelta(seconds=15, microseconds=1), 15)


def test_times_travel_in_utc() -> None:
    local = datetime(2026, 1, 5, 12, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=-5)))
    assert wire_time(local) == "2026-01-05T17:00:00.250000Z"
    assert time_from_wire(wire_time(local)) == local
    assert time_from_wire("2026-01-05T12:00:00-05:00").tzinfo is UTC


def test_a_time_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        time_from_wire("2026-01-05T12:00:00")


def test_every_interval_derives_from_a_stored_one() -> None:
    assert {interval.stored for interval in Interval} == {
        Interval.MINUTE,
        Interval.FIVE_MINUTES,
        Interval.FIFTEEN_MINUTES,
        Interval.THIRTY_MINUTES,
        Interval.HOUR,
        Interval.DAY,
    }
