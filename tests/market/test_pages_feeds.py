"""Staff sees how old prices are, which runs brought them, and has one repeated."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from market.intake.ingestion import store_quotes
from market.live.live_quotes import heartbeat_key
from market.live.live_quotes import valkey as live_valkey
from market.models import IngestionRun, InstrumentFeed
from market.tasks import collect_prices
from market.values import wire_time
from tests.market.factories import make_instrument, make_quote


@pytest.fixture
def told(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    settings.PRICE_CHAINS = {"*": ["tiki"]}
    found: list[str] = []
    monkeypatch.setattr(collect_prices, "delay", lambda *, run_id: found.append(run_id))
    return found


def test_runs_stand_with_counts_and_errors(staff: Client) -> None:
    IngestionRun.objects.create(provider="file", source_name="p.csv", rows_refused=3)
    IngestionRun.objects.create(
        provider="tiki", source_name="minutes", status="failed", error="tiki answered 503."
    )
    page = staff.get("/operations/runs").content.decode()
    assert "tiki answered 503." in page
    assert "p.csv" in page

    def providers(**query: str) -> list[str]:
        return [run.provider for run in staff.get("/operations/runs", query).context["found"]]

    assert providers() == ["tiki", "file"]
    assert providers(status="failed") == ["tiki"]
    assert providers(provider="file") == ["file"]
    assert providers(status="nonsense") == ["tiki", "file"]


def test_what_a_run_noted_of_its_file_stands_with_its_counts(staff: Client) -> None:
    notes = {"rows_without_volume": 435, "rows_repeated": 2, "bars_superseded": 7}
    IngestionRun.objects.create(provider="file", source_name="p.csv", notes=notes)
    page = staff.get("/operations/runs").content.decode()
    for words in ("435 without volume", "2 repeated", "7 corrected"):
        assert words in page


@pytest.mark.django_db(transaction=True)
def test_a_run_is_asked_for_again_once(
    transactional_db: None, told: list[str], staff: Client
) -> None:
    run = IngestionRun.objects.create(provider="tiki", source_name="minutes", status="failed")
    assert "Run again" in staff.get("/operations/runs").content.decode()
    for _ in range(2):
        assert staff.post(f"/operations/runs/{run.id}/repetition").status_code == 302
    assert IngestionRun.objects.filter(status="pending").count() == len(told) == 1
    assert AuditEvent.objects.filter(action="ingestion_run.requested").count() == 1
    other = IngestionRun.objects.create(provider="file", source_name="p.csv", status="failed")
    refused = staff.post(f"/operations/runs/{other.id}/repetition", follow=True)
    assert "Only what a provider brought in" in refused.content.decode()
    assert IngestionRun.objects.filter(status="pending").count() == 1


def test_a_provider_that_nobody_asks_any_more_is_not_asked(staff: Client) -> None:
    run = IngestionRun.objects.create(provider="tiki", source_name="minutes", status="failed")
    staff.post(f"/operations/runs/{run.id}/repetition")
    assert IngestionRun.objects.count() == 1


def test_feeds_show_age_provider_and_last_good_value(staff: Client, told: list[str]) -> None:
    now = timezone.now()
    fresh, old = make_instrument("AAPL"), make_instrument("OLD")
    store_quotes([make_quote(fresh, at=now), make_quote(old, at=now - timedelta(hours=1))])
    InstrumentFeed.objects.create(
        instrument=old,
        provider="tiki",
        newest_minute=now - timedelta(hours=1),
        last_good_value=12,
        error="tiki answered 503.",
    )
    live_valkey().set(heartbeat_key("0"), wire_time(now))
    answer = staff.get("/operations/feeds")
    assert [shard for shard, _ in answer.context["shards"]] == ["0"]
    apple, other = answer.context["found"]
    assert (apple.is_quote_stale, other.is_quote_stale) == (False, True)
    assert (other.chain, other.feed.last_good_value) == ("tiki", 12)
    assert "tiki answered 503." in answer.content.decode()


def test_nobody_else_sees_them(db: None) -> None:
    run = IngestionRun.objects.create(provider="tiki", source_name="minutes")
    bob = Client()
    bob.force_login(User.objects.create_user("bob@example.com"))
    assert bob.get("/operations/feeds").status_code == 404
    assert bob.get("/operations/runs").status_code == 404
    assert bob.post(f"/operations/runs/{run.id}/repetition").status_code == 404


def test_the_live_provider_is_called_as_the_environment_calls_it(
    staff: Client, settings: LazySettings
) -> None:
    settings.LIVE_PROVIDER = settings.LIVE_PROVIDERS["simulated"]
    assert staff.get("/operations/feeds").context["live_provider"] == "simulated"
    settings.LIVE_PROVIDER = "of.our.own.Prices"
    assert staff.get("/operations/feeds").context["live_provider"] == "Prices"
