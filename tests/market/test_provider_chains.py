"""A chain of providers, instrument by instrument, and what staff sees of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.conf import LazySettings
from django.test import Client

from accounts.models import User
from market.intake.bar_providers import chain_of
from market.intake.bars import store_bars
from market.models import Bar, BarRevision, Instrument, InstrumentFeed, QuarantinedRow
from market.operations.feed_rows import MINUTES_LATE, FeedRow
from tests.market.collection_desk import (
    NOW,
    OPEN,
    FakeProvider,
    SecondProvider,
    run_at,
    use_fake_providers,
)
from tests.market.factories import make_bar, make_instrument

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def providers(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake_providers(settings, monkeypatch)


def sources(instrument: Instrument) -> set[str]:
    bars = Bar.objects.filter(instrument=instrument, interval="1m")
    return set(bars.values_list("source", flat=True))


def row_of(instrument: Instrument, at: datetime) -> FeedRow:
    found = Instrument.objects.select_related("exchange", "feed").get(id=instrument.id)
    return FeedRow.of(found, at=at)


def test_the_next_is_asked_for_what_the_first_does_not_know_and_for_nothing_else() -> None:
    apple, other = make_instrument("AAPL"), make_instrument("OTHER")
    FakeProvider.refused = {"OTHER"}
    run = run_at()
    assert (run.status, run.notes["fallbacks"]) == ("completed", 1)
    assert (sources(apple), sources(other)) == ({"first"}, {"second"})
    providers = InstrumentFeed.objects.order_by("instrument__symbol")
    assert list(providers.values_list("provider", flat=True)) == ["first", "second"]


def test_when_the_first_is_back_it_goes_on_where_the_second_was() -> None:
    apple = make_instrument("AAPL")
    FakeProvider.refused = {"AAPL"}
    run_at()
    FakeProvider.refused = set()
    later = NOW + timedelta(minutes=5)
    assert run_at(later).rows_written == 5
    newest = Bar.objects.filter(instrument=apple, interval="1m").order_by("opened_at").last()
    assert newest is not None
    assert newest.source == "first"


def test_the_last_good_value_stays_with_its_age_where_nobody_answers() -> None:
    apple = make_instrument("AAPL")
    run_at()
    FakeProvider.refused = SecondProvider.refused = {"AAPL"}
    late = NOW.replace(second=0) + MINUTES_LATE
    FakeProvider.changes = {}
    run = run_at(late + timedelta(minutes=1))
    assert run.status == "failed"
    row = row_of(apple, late + timedelta(minutes=1))
    assert row.feed is not None
    assert (row.feed.last_good_value, row.feed.newest_minute) == (
        Decimal(10),
        OPEN + timedelta(minutes=29),
    )
    assert "first does not know AAPL" in row.feed.error
    assert "second does not know AAPL" in row.feed.error
    assert row.are_minutes_stale


def test_minutes_are_stale_only_while_the_market_is_open_and_somebody_is_asked(
    settings: LazySettings,
) -> None:
    apple = make_instrument("AAPL")
    run_at()
    newest = OPEN + timedelta(minutes=29)
    assert not row_of(apple, newest + MINUTES_LATE).are_minutes_stale
    assert row_of(apple, newest + MINUTES_LATE + timedelta(seconds=1)).are_minutes_stale
    assert not row_of(apple, datetime.fromisoformat("2026-01-06T02:00Z")).are_minutes_stale
    next_open = OPEN + timedelta(days=1)
    assert not row_of(apple, next_open + MINUTES_LATE).are_minutes_stale
    assert row_of(apple, next_open + MINUTES_LATE * 2).are_minutes_stale
    settings.PRICE_CHAINS = {}
    assert not row_of(apple, next_open + MINUTES_LATE * 2).are_minutes_stale


def test_staff_sees_the_last_good_value_and_why_there_is_no_newer() -> None:
    make_instrument("AAPL")
    run_at()
    FakeProvider.refused = SecondProvider.refused = {"AAPL"}
    run_at(NOW + timedelta(minutes=5))
    staff = Client()
    staff.force_login(User.objects.create_user("sam@example.com", is_staff=True))
    page = staff.get("/operations/feeds").content.decode()
    assert "second does not know AAPL" in page
    assert "2026-01-05 14:59 UTC" in page


def test_a_correction_is_a_new_version_of_the_minute_and_of_what_holds_it() -> None:
    apple = make_instrument("AAPL")
    FakeProvider.absent = {OPEN + timedelta(minutes=3)}
    run_at()
    FakeProvider.absent = set()
    # The gap is asked for again, and in it the provider now says something else of the whole.
    Bar.objects.filter(instrument=apple, interval="1m", opened_at__lt=NOW).filter(
        opened_at__gte=OPEN + timedelta(minutes=5)
    ).delete()
    FakeProvider.changes = {OPEN + timedelta(minutes=3): {"high": Decimal(14)}}
    InstrumentFeed.objects.update(gaps_looked_at=NOW - timedelta(days=1))
    run = run_at()
    assert run.rows_written == 26
    kept = BarRevision.objects.get(interval="5m", opened_at=OPEN)
    assert (kept.bar["high"], kept.bar["source"], kept.run_id) == ("10", "first", run.id)
    assert Bar.objects.get(interval="5m", opened_at=OPEN).high == 14
    assert Bar.objects.get(interval="30m", opened_at=OPEN).high == 14


def test_after_a_first_price_that_jumped_a_new_level_is_let_through() -> None:
    apple = make_instrument("AAPL")
    days = [make_bar(apple, "40 41 39 40", at=OPEN - timedelta(days=n)) for n in range(3, 10)]
    store_bars(days, source="file", recorded_at=NOW)
    run = run_at()  # of price 10, in three pages
    assert (run.rows_written, run.rows_refused) == (29, 1)
    assert QuarantinedRow.objects.get().code == "spike"
    # One minute a run: it is compared with the one before, which is stored by now.
    assert run_at(NOW + timedelta(minutes=1)).rows_written == 1
    # Even straight after the spike that waits.
    Bar.objects.filter(interval="1m").delete()
    FakeProvider.absent = {OPEN + timedelta(minutes=n) for n in range(1, 40)} - {
        OPEN + timedelta(minutes=31)
    }
    assert run_at(NOW + timedelta(minutes=2)).rows_written == 1


def test_the_closest_word_of_the_settings_counts(settings: LazySettings) -> None:
    apple = make_instrument("AAPL", mic="XNAS")
    settings.PRICE_CHAINS = {"*": ["first"], "XNAS": ["second"], "AAPL": ["first", "second"]}
    assert chain_of(apple) == ("first", "second")
    settings.PRICE_CHAINS["XNAS:AAPL"] = ["second", "first"]
    assert chain_of(apple) == ("second", "first")
    assert chain_of(make_instrument("MSFT", mic="XNAS")) == ("second",)
    assert chain_of(make_instrument("VOD", mic="XLON")) == ("first",)
