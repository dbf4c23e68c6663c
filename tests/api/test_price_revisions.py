"""Prices that were corrected, through the API."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.tiers import Tier
from market.intake.bars import store_bars
from market.intake.ingestion import store_ticks
from market.models import IngestionRun, Instrument
from tests.api.clients import ApiClient, all_items, key_for
from tests.market.factories import NOON, make_bar, make_instrument, make_tick

pytestmark = pytest.mark.django_db
BARS, TICKS = "/instruments/AAPL/bars/revisions", "/instruments/AAPL/ticks/revisions"


@pytest.fixture
def apple() -> Instrument:
    return make_instrument("AAPL")


def correct_twice(apple: Instrument) -> IngestionRun:
    """The high of one day was 12, then 13, and is 14; the second word came by the run."""
    run = IngestionRun.objects.create(provider="file", source_name="p.csv")
    store_bars([make_bar(apple, "10 12 9 11")], source="file", recorded_at=NOON)
    store_bars([make_bar(apple, "10 13 9 11")], source="file", recorded_at=NOON, run_id=run.id)
    later = NOON + timedelta(days=1)
    store_bars([make_bar(apple, "10 14 9 11")], source="yahoo-days", recorded_at=later)
    return run


def test_each_version_of_a_bar_stands_with_the_one_after_it(
    api: ApiClient, apple: Instrument
) -> None:
    run = correct_twice(apple)
    newest, oldest = all_items(api, BARS, limit=1)
    assert set(newest) == {
        *("id", "symbol", "interval", "opened_at", "superseded_at", "run_id", "before", "after"),
    }
    assert (newest["before"]["high"], newest["after"]["high"]) == ("13", "14")
    assert (newest["after"]["source"], newest["run_id"]) == ("yahoo-days", None)
    assert (oldest["before"]["high"], oldest["after"]["high"]) == ("12", "13")
    assert (oldest["symbol"], oldest["interval"], oldest["run_id"]) == ("AAPL", "1d", str(run.id))
    assert oldest["before"] == {
        "open": "10",
        "high": "12",
        "low": "9",
        "close": "11",
        "adjusted_close": None,
        "volume": "100",
        "count": None,
        "source": "file",
    }


def test_they_are_found_by_interval_and_by_the_moments_of_the_bars(
    api: ApiClient, apple: Instrument
) -> None:
    correct_twice(apple)
    moment = NOON.isoformat()
    assert len(api.get(BARS, interval="1d", start=moment).json()["items"]) == 2
    assert api.get(BARS, interval="1m").json()["items"] == []
    assert api.get(BARS, end=moment).json()["items"] == []
    assert api.get(BARS, interval="1w").status_code == 422
    assert api.get("/instruments/NOPE/bars/revisions").status_code == 404
    cursor = api.get(BARS, limit=1).json()["next_cursor"]
    assert api.get(BARS, limit=1, interval="1d", cursor=cursor).status_code == 400


def test_each_version_of_a_tick_stands_with_the_one_after_it(
    api: ApiClient, apple: Instrument
) -> None:
    tick = make_tick(apple, "19", source="venue", tick_id="7")
    for price in ("19", "12", "13"):
        store_ticks([replace(tick, price=Decimal(price))], received_at=NOON)
    newest, oldest = all_items(api, TICKS, limit=1)
    assert (oldest["before"], oldest["after"]) == (
        {"price": "19", "size": "1"},
        {"price": "12", "size": "1"},
    )
    assert (newest["before"]["price"], newest["after"]["price"]) == ("12", "13")
    assert (newest["provider_tick_id"], newest["source"]) == ("7", "venue")


def test_a_tier_sees_no_older_prices_by_their_corrections(apple: Instrument) -> None:
    bob = User.objects.create_user("bob@example.com", "a-long-password", tier=Tier.STANDARD)
    standard = ApiClient(key_for(bob, scopes=["read"]))
    now = timezone.now()
    for days, high in ((1, "12"), (1, "13"), (90, "12"), (90, "13")):
        bar = make_bar(apple, f"10 {high} 9 11", at=now - timedelta(days=days))
        store_bars([bar], source="file", recorded_at=now)
    assert len(standard.get(BARS).json()["items"]) == 1
    since = (now - timedelta(days=90)).isoformat()
    assert standard.get(BARS, start=since).status_code == 403
    assert standard.get(TICKS, start=since).status_code == 403


def test_administrators_see_what_a_run_corrected(
    api: ApiClient, admin_api: ApiClient, apple: Instrument
) -> None:
    run = correct_twice(apple)
    path = f"/ingestion-runs/{run.id}"
    assert admin_api.get(path).json()["source_name"] == "p.csv"
    (item,) = admin_api.get(f"{path}/bar-revisions").json()["items"]
    assert (item["symbol"], item["after"]["high"]) == ("AAPL", "13")
    for suffix in ("", "/bar-revisions"):
        assert admin_api.get(f"/ingestion-runs/{uuid4()}{suffix}").status_code == 404
        assert api.get(path + suffix).status_code == 403
