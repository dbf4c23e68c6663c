"""Days that providers give as such, beside their minutes: once, and before any that are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import pytest
from django.conf import LazySettings

from accounts.identifiers import new_id
from market import calendar
from market.intake.bar_providers import BadAnswer, ProvidedBar
from market.intake.bars import store_bars
from market.intake.quarantine import release_row
from market.models import Bar, Instrument, QuarantinedRow
from tests.market.collection_desk import (
    NOW,
    OPEN,
    FakeProvider,
    SecondProvider,
    run_at,
    use_fake_providers,
)
from tests.market.factories import make_bar, make_instrument

CLOSE = datetime(2026, 1, 5, 21, 0, tzinfo=UTC)
OVER = CLOSE + timedelta(minutes=30)
MIDNIGHT = datetime(2026, 1, 5, 5, tzinfo=UTC)
pytestmark = pytest.mark.django_db


class Days:
    """A day of price 10 and volume 9 for each session."""

    spans: ClassVar[list[tuple[str, date, date]]] = []
    lows: ClassVar[dict[date, Decimal]] = {}
    are_refused: ClassVar[bool] = False

    def days(self, instrument: Instrument, *, since: date, until: date) -> Sequence[ProvidedBar]:
        Days.spans.append((type(self).__name__, since, until))
        if Days.are_refused and isinstance(self, First):
            raise BadAnswer("no days today")
        found = []
        for session in calendar.sessions_between(since, until, instrument.exchange_id):
            at = calendar.local_midnight(session.session_date, "America/New_York")
            ten = Decimal(10)
            low = Days.lows.get(session.session_date, ten)
            found.append(ProvidedBar(at, ten, ten, low, ten, volume=Decimal(9)))
        return found


class First(Days, FakeProvider):
    name = "first"


class Second(Days, SecondProvider):
    name = "second"


@pytest.fixture(autouse=True)
def providers(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake_providers(settings, monkeypatch)
    settings.PRICE_PROVIDERS = {"first": f"{__name__}.First", "second": f"{__name__}.Second"}
    settings.LIMITS = replace(settings.LIMITS, collection_history_days=30)
    monkeypatch.setattr(FakeProvider, "page_minutes", 5_000)
    Days.spans, Days.lows, Days.are_refused = [], {}, False


def days_of(source: str) -> int:
    return Bar.objects.filter(interval="1d", source=source).count()


def test_days_up_to_the_latest_session_that_is_over_are_stored_once() -> None:
    make_instrument("AAPL")
    run_at()
    assert Days.spans == [("First", date(2025, 12, 6), date(2026, 1, 2))]
    assert days_of("first-days") == 18
    run_at(NOW + timedelta(minutes=1))
    assert len(Days.spans) == 1  # once a day
    run_at(NOW + timedelta(days=1))
    assert Days.spans[1:] == [("First", date(2026, 1, 3), date(2026, 1, 5))]
    assert days_of("first-days") == 19


def test_a_session_is_over_half_an_hour_after_its_close() -> None:
    make_instrument("AAPL")
    run_at(OVER - timedelta(seconds=1))
    make_instrument("MSFT")
    run_at(OVER)
    assert [until for _, _, until in Days.spans] == [date(2026, 1, 2), date(2026, 1, 5)]


def test_a_day_that_was_given_stays_when_its_minutes_are_rolled_up() -> None:
    apple = make_instrument("AAPL")
    FakeProvider.absent = {OPEN + timedelta(minutes=1)}
    run_at(OVER)
    FakeProvider.absent = set()
    run_at(OVER + timedelta(days=1))  # finds the gap, and a day is over that holds it
    day = Bar.objects.get(instrument=apple, interval="1d", opened_at=MIDNIGHT)
    assert (day.volume, day.source) == (Decimal(9), "first-days")


def test_days_made_of_minutes_or_by_the_simulator_give_way_and_those_of_files_stay() -> None:
    apple = make_instrument("AAPL")
    for source, on in (("file", 29), ("first", 30), ("simulated", 31)):
        bar = make_bar(apple, at=datetime(2025, 12, on, 5, tzinfo=UTC))
        store_bars([bar], source=source, recorded_at=NOW)
    run_at()
    assert Days.spans == [("First", date(2025, 12, 30), date(2026, 1, 2))]
    stored = Bar.objects.filter(interval="1d").order_by("opened_at")
    assert list(stored.values_list("source", flat=True)) == ["file", *["first-days"] * 3]


def test_a_day_that_cannot_be_true_waits_and_is_released_as_one() -> None:
    make_instrument("AAPL")
    Days.lows = {date(2026, 1, 2): Decimal(0)}
    run = run_at()
    assert run.rows_refused == 1
    row = QuarantinedRow.objects.get()
    release_row(row.id, corrections={"low": "9"}, released_by_id=new_id(), released_at=NOW)
    day = Bar.objects.get(interval="1d", opened_at=datetime(2026, 1, 2, 5, tzinfo=UTC))
    assert (day.low, day.source) == (Decimal(9), "first-days")
    assert not Bar.objects.filter(interval="1m", opened_at=day.opened_at).exists()


def test_where_the_first_has_no_days_the_second_is_asked() -> None:
    make_instrument("AAPL")
    Days.are_refused = True
    run = run_at()
    assert (run.status, run.notes["fallbacks"]) == ("completed", 1)
    assert [name for name, _, _ in Days.spans] == ["First", "Second"]
    assert days_of("second-days") == 18
