"""Scheduled runs: resumed, repeated, raced, and with a second provider where the first fails."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from accounts.identifiers import new_id
from market.calendar import Session
from market.intake.bar_providers import ProviderBusy, ProviderUnavailable, UnknownProvider
from market.intake.collection import alone, collect, request_due_runs, request_run
from market.intake.gaps import Gap, find_gaps
from market.intake.quarantine import release_row
from market.models import Bar, BarRevision, IngestionRun, InstrumentFeed, QuarantinedRow
from tests.market.collection_desk import (
    NOW,
    OPEN,
    FakeProvider,
    SecondProvider,
    minutes,
    run_at,
    use_fake_providers,
)
from tests.market.factories import make_instrument

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def providers(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the worker was told to do."""
    return use_fake_providers(settings, monkeypatch)


def test_every_minute_of_the_session_is_stored_with_its_longer_bars() -> None:
    apple = make_instrument("AAPL")
    run = run_at()
    assert (run.status, run.rows_read, run.rows_written, run.error) == ("completed", 30, 30, "")
    assert minutes() == 30
    assert Bar.objects.filter(interval="5m").count() == 6
    assert Bar.objects.get(interval="30m").volume == 300
    feed = InstrumentFeed.objects.get(instrument=apple)
    assert (feed.provider, feed.newest_minute) == ("first", OPEN + timedelta(minutes=29))
    assert feed.last_good_value == 10


def test_the_next_run_begins_a_minute_after_the_newest_and_again_adds_nothing() -> None:
    make_instrument("AAPL")
    run_at()
    later = NOW + timedelta(minutes=5)
    run = run_at(later)
    assert FakeProvider.asked[-1][1] == OPEN + timedelta(minutes=30)
    assert run.rows_written == 5
    assert run_at(later).rows_read == 0
    assert minutes() == 35


def test_a_run_that_dies_midway_is_gone_on_with() -> None:
    make_instrument("AAPL")
    FakeProvider.fail_after_pages = 2
    run = request_run("first", requested_by_id=None, requested_at=NOW)
    with pytest.raises(KeyboardInterrupt):
        collect(run.id, clock=lambda: NOW)
    run.refresh_from_db()
    assert (run.status, run.rows_written, minutes()) == ("failed", 20, 20)
    FakeProvider.fail_after_pages = None
    assert run_at().rows_written == 10
    assert FakeProvider.asked[-1][1] == OPEN + timedelta(minutes=20)


def test_a_run_whose_worker_vanished_becomes_stale() -> None:
    make_instrument("AAPL")
    dead = request_run("first", requested_by_id=None, requested_at=NOW)
    IngestionRun.objects.filter(id=dead.id).update(status="running", heartbeat_at=NOW)
    assert request_run("first", requested_by_id=None, requested_at=NOW).id == dead.id
    late = NOW + timedelta(seconds=301)
    assert run_at(late).status == "completed"
    dead.refresh_from_db()
    assert dead.status == "stale"


def test_between_sessions_nobody_is_asked() -> None:
    make_instrument("AAPL")
    close = datetime(2026, 1, 5, 21, 0, tzinfo=UTC)
    FakeProvider.absent = {close + timedelta(minutes=number) for number in range(-1, 20 * 60)}
    run_at(close)  # the day's last minute is not there yet, and may come late
    asked = len(FakeProvider.asked)
    run_at(close + timedelta(minutes=15))
    run_at(close + timedelta(minutes=31))
    assert len(FakeProvider.asked) == asked + 2
    run_at(close + timedelta(minutes=32))
    run_at(close + timedelta(hours=12))
    assert len(FakeProvider.asked) == asked + 2
    run_at(close + timedelta(hours=18))  # the next day's session
    assert len(FakeProvider.asked) == asked + 3


def test_where_the_first_fails_the_second_is_asked() -> None:
    make_instrument("AAPL")
    FakeProvider.failures = [ProviderUnavailable("first is away")]
    run = run_at()
    assert (run.status, run.notes["fallbacks"]) == ("completed", 1)
    assert set(Bar.objects.filter(interval="1m").values_list("source", flat=True)) == {"second"}
    assert InstrumentFeed.objects.get().provider == "second"


def test_where_all_fail_the_run_says_so_and_the_last_good_value_stays() -> None:
    make_instrument("AAPL")
    run_at()
    FakeProvider.failures = [ProviderUnavailable("first is away")]
    SecondProvider.failures = [ProviderUnavailable("second too")]
    run = run_at(NOW + timedelta(minutes=5))
    assert run.status == "failed"
    assert "1 of 1 instruments failed: AAPL" in run.error
    feed = InstrumentFeed.objects.get()
    assert "second too" in feed.error
    assert feed.last_good_value == 10


def test_a_busy_provider_is_left_alone_for_as_long_as_it_says(providers: list[str]) -> None:
    make_instrument("AAPL")
    make_instrument("MSFT")
    FakeProvider.failures = [ProviderBusy("first", retry_after_seconds=120)]
    run = run_at()
    assert run.notes["fallbacks"] == 2
    assert [at for _, at in FakeProvider.asked].count(OPEN) == 0
    assert request_due_runs(at=NOW + timedelta(seconds=119)) == []
    assert len(request_due_runs(at=NOW + timedelta(seconds=121))) == 1


def test_minutes_that_cannot_be_true_are_kept_once() -> None:
    make_instrument("AAPL")
    wrong = {
        OPEN + timedelta(minutes=25): {"low": Decimal(0)},
        OPEN + timedelta(minutes=26): {"high": Decimal(5)},
        OPEN + timedelta(minutes=29): {"volume": Decimal(-1)},
    }
    FakeProvider.changes = wrong
    run = run_at()
    assert (run.rows_read, run.rows_written, run.rows_refused) == (30, 27, 3)
    assert set(QuarantinedRow.objects.values_list("code", flat=True)) == {
        "price_not_positive",
        "high_too_low",
        "volume_negative",
    }
    assert run_at().rows_refused == 0
    assert QuarantinedRow.objects.count() == 3


def test_missing_minutes_are_found_and_filled_a_day_later() -> None:
    make_instrument("AAPL")
    hole = {OPEN + timedelta(minutes=number) for number in (3, 4, 11)}
    FakeProvider.absent = hole
    run_at()
    assert minutes() == 27
    FakeProvider.absent = set()
    InstrumentFeed.objects.update(gaps_looked_at=NOW - timedelta(days=1))
    assert run_at().rows_written == 3
    assert minutes() == 30
    assert Bar.objects.get(interval="30m").volume == 300
    assert BarRevision.objects.filter(interval="5m").exists()


def test_two_at_once_store_each_minute_once() -> None:
    make_instrument("AAPL")
    with alone("first") as is_alone:
        assert is_alone
        run = request_run("first", requested_by_id=None, requested_at=NOW)
        assert collect(run.id, clock=lambda: NOW).status == "pending"
    assert minutes() == 0


@pytest.mark.django_db(transaction=True)
def test_runs_that_race_add_each_minute_once() -> None:
    make_instrument("AAPL")
    runs = [IngestionRun.objects.create(provider="first", source_name="minutes") for _ in range(2)]

    def work(run: IngestionRun) -> Any:
        try:
            return collect(run.id, clock=lambda: NOW).rows_written
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        written = list(pool.map(work, runs))
    assert sum(written) == 30
    assert minutes() == 30


def test_a_provider_of_no_chain_has_no_runs(settings: LazySettings) -> None:
    with pytest.raises(UnknownProvider):
        request_run("second", requested_by_id=None, requested_at=NOW)
    settings.PRICE_CHAINS = {}
    assert request_due_runs(at=NOW) == []


def test_gaps_are_runs_of_missing_minutes_within_sessions() -> None:
    session = Session(OPEN.date(), OPEN, OPEN + timedelta(minutes=10))
    at = [OPEN + timedelta(minutes=number) for number in range(11)]
    stored = [at[0], at[1], at[4], at[5], at[9]]
    assert list(find_gaps(stored, [session], since=at[0], until=at[10])) == [
        Gap(at[2], at[4]),
        Gap(at[6], at[9]),
    ]
    assert list(find_gaps([], [session], since=at[3], until=at[5])) == [Gap(at[3], at[5])]
    assert list(find_gaps(at, [session], since=at[0], until=at[10])) == []


def test_nothing_older_than_the_limit_is_asked_for(settings: LazySettings) -> None:
    make_instrument("AAPL")
    run_at()
    (_, since) = FakeProvider.asked[-1]
    minute = NOW.replace(second=0)
    assert since == minute - timedelta(days=settings.LIMITS.collection_days)


def test_a_released_minute_is_marked_with_who_gave_it() -> None:
    make_instrument("AAPL")
    FakeProvider.changes = {OPEN: {"low": Decimal(0)}}
    FakeProvider.failures = [ProviderUnavailable("first is away")]
    run_at()
    row = QuarantinedRow.objects.get()
    release_row(row.id, corrections={"low": "9"}, released_by_id=new_id(), released_at=NOW)
    bar = Bar.objects.get(interval="1m", opened_at=OPEN)
    assert (bar.low, bar.source) == (Decimal(9), "second")
    assert Bar.objects.get(interval="30m").low == Decimal(9)
