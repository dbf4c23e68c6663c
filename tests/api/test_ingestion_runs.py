"""Runs that took prices in, and the age of prices, through the API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from market.intake.ingestion import store_quotes
from market.live.live_quotes import heartbeat_key, valkey
from market.models import IngestionRun, InstrumentFeed
from market.values import wire_time
from tests.api.clients import ApiClient, all_items
from tests.market.factories import make_instrument, make_quote

pytestmark = pytest.mark.django_db


def test_runs_stand_with_counts_notes_and_errors(admin_api: ApiClient) -> None:
    notes = {"rows_without_volume": 435}
    file = IngestionRun.objects.create(
        provider="file", source_name="p.csv", rows_refused=3, notes=notes, status="completed"
    )
    failed = IngestionRun.objects.create(
        provider="tiki", source_name="minutes", status="failed", error="tiki answered 503."
    )

    def ids(**query: str) -> list[str]:
        return [run["id"] for run in all_items(admin_api, "/ingestion-runs", limit=1, **query)]

    assert ids() == [str(failed.id), str(file.id)]
    assert ids(status="failed") == ids(provider="tiki") == [str(failed.id)]
    assert admin_api.get("/ingestion-runs", status="nonsense").status_code == 422
    run = admin_api.get("/ingestion-runs", provider="file").json()["items"][0]
    assert (run["rows_refused"], run["notes"], run["error"]) == (3, notes, "")


def test_feeds_tell_the_age_of_prices_and_who_brings_them(
    admin_api: ApiClient, settings: LazySettings
) -> None:
    settings.PRICE_CHAINS = {"*": ["tiki"]}
    settings.SIMULATED_EXCHANGE_HOURS = "always"
    now = timezone.now()
    fresh, old = make_instrument("FRESH"), make_instrument("OLD", mic="TIKI")
    make_instrument("GONE", is_active=False)
    make_instrument("NEVER")
    store_quotes([make_quote(fresh, at=now), make_quote(old, at=now - timedelta(hours=1))])
    InstrumentFeed.objects.create(
        instrument=old, provider="tiki", newest_minute=now - timedelta(hours=1), error="away"
    )
    valkey().set(heartbeat_key("0"), wire_time(now - timedelta(seconds=2)))
    answer = admin_api.get("/feeds").json()
    rows = {row["symbol"]: row for row in answer["items"]}
    assert list(rows) == ["XNYS:FRESH", "XNYS:NEVER", "TIKI:OLD"]
    assert [row["is_stale"] for row in rows.values()] == [False, True, True]
    stale = rows["TIKI:OLD"]
    assert (stale["chain"], stale["minutes_from"], stale["error"]) == ("tiki", "tiki", "away")
    assert rows["XNYS:NEVER"]["last"] is None
    (shard,) = answer["shards"]
    assert shard["shard"] == "0"
    assert shard["silent_seconds"] >= 2


def test_only_administrators_see_them(api: ApiClient) -> None:
    for path in ("/ingestion-runs", "/feeds"):
        assert api.get(path).status_code == 403
