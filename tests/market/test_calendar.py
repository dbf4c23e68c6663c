from datetime import UTC, date, datetime, timedelta

import pytest

from market.calendar import (
    has_auctions,
    is_open,
    local_date,
    local_midnight,
    session_close_at,
    session_of,
    sessions_between,
    settlement_date,
)
from market.errors import UnknownExchange
from market.instruments.exchanges import KNOWN_EXCHANGES


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param("2026-01-05T09:29:59-05:00", False, id="just before the opening"),
        pytest.param("2026-01-05T09:30:00-05:00", True, id="at the opening"),
        pytest.param("2026-01-05T15:59:59-05:00", True, id="just before the close"),
        pytest.param("2026-01-05T16:00:00-05:00", False, id="at the close"),
        pytest.param("2026-01-03T12:00:00-05:00", False, id="on a Saturday"),
        pytest.param("2026-07-03T12:00:00-04:00", False, id="on a holiday"),
        pytest.param("2026-11-27T13:30:00-05:00", False, id="after an early close"),
        pytest.param("2026-07-06T09:30:00-04:00", True, id="in summer time"),
    ],
)
def test_new_york_opens_and_closes(moment: str, expected: bool) -> None:
    assert is_open(at(moment), "XNYS") is expected


def test_between_sessions_the_next_close_counts() -> None:
    assert session_close_at(at("2026-01-03T12:00-05:00"), "XNAS") == at("2026-01-05T16:00-05:00")


def test_an_exchange_that_never_closes_has_calendar_days() -> None:
    saturday = at("2026-01-03T12:00-05:00")
    session = session_of(saturday, "XNYS", hours="always")
    assert is_open(saturday, "XNYS", hours="always")
    assert session.session_date == date(2026, 1, 3)
    assert session.opens_at == at("2026-01-03T00:00-05:00")
    assert session.closes_at == at("2026-01-04T00:00-05:00")


def test_a_day_of_changing_clocks_ends_at_local_midnight() -> None:
    session = session_of(at("2026-03-08T12:00-04:00"), "XNYS", hours="always")
    assert (session.closes_at - session.opens_at).total_seconds() == 23 * 3600


@pytest.mark.parametrize(
    ("mic", "traded", "settles"),
    [
        pytest.param("XNYS", "2024-05-23", "2024-05-28", id="two days over a holiday before"),
        pytest.param("XNYS", "2024-05-24", "2024-05-29", id="last day of two"),
        pytest.param("XNYS", "2024-05-28", "2024-05-29", id="first day of one"),
        pytest.param("XNYS", "2026-01-02", "2026-01-05", id="over a weekend"),
        pytest.param("XNYS", "2026-01-03", "2026-01-06", id="a Saturday counts as Monday"),
        pytest.param("XLON", "2026-01-05", "2026-01-07", id="two days elsewhere"),
    ],
)
def test_settlement(mic: str, traded: str, settles: str) -> None:
    assert settlement_date(date.fromisoformat(traded), mic) == date.fromisoformat(settles)


def test_sessions_of_a_short_week() -> None:
    sessions = sessions_between(date(2024, 7, 1), date(2024, 7, 5), "XNYS")
    assert [session.session_date.day for session in sessions] == [1, 2, 3, 5]
    assert sessions[2].closes_at == at("2024-07-03T13:00-04:00")


def test_an_unknown_exchange_is_named() -> None:
    with pytest.raises(UnknownExchange, match="XXXX"):
        is_open(at("2026-01-05T12:00Z"), "XXXX")


def test_a_time_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="1998 to 2045"):
        is_open(at("2046-06-01T12:00Z"), "XNYS")
    with pytest.raises(ValueError, match="1998-01-01"):
        settlement_date(date(1997, 12, 31), "XNYS")


@pytest.mark.parametrize("mic", sorted(set(KNOWN_EXCHANGES) - {"CRYP", "TIKI"}))
def test_every_known_exchange_has_a_calendar(mic: str) -> None:
    assert 230 < len(sessions_between(date(2025, 1, 1), date(2025, 12, 31), mic)) < 262


def test_only_what_closes_has_auctions() -> None:
    without = {mic for mic in KNOWN_EXCHANGES if not has_auctions(mic)}
    assert without == {"CRYP", "TIKI"}
    assert not any(has_auctions(mic, hours="always") for mic in KNOWN_EXCHANGES)


@pytest.mark.parametrize(
    ("mic", "midnight"),
    [("CRYP", "2026-01-03T00:00Z"), ("TIKI", "2026-01-03T00:00+07:00")],
)
def test_what_trades_round_the_clock_has_its_local_days(mic: str, midnight: str) -> None:
    assert len(sessions_between(date(2025, 1, 1), date(2025, 12, 31), mic)) == 365
    opens_at = at(midnight)  # a Saturday
    for moment in (opens_at, opens_at + timedelta(days=1, seconds=-1)):
        assert is_open(moment, mic)
        session = session_of(moment, mic)
        assert session.session_date == date(2026, 1, 3)
        assert (session.opens_at, session.closes_at) == (opens_at, opens_at + timedelta(days=1))


def test_dates_are_local() -> None:
    late = at("2026-01-06T02:00Z")
    assert local_date(late, "America/New_York") == date(2026, 1, 5)
    assert local_midnight(date(2026, 1, 5), "America/New_York") == at("2026-01-05T05:00Z")
