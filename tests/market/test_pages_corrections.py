"""Corrected prices on pages: of an instrument for everybody, of a run for staff."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.tiers import Tier
from market.intake.bars import store_bars
from market.intake.ingestion import store_ticks
from market.models import IngestionRun
from tests.market.factories import NOON, make_bar, make_instrument, make_tick

pytestmark = pytest.mark.django_db
PAGE = "/instruments/AAPL/corrections"


def reader(*, tier: Tier = Tier.PREMIUM) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("bob@example.com", tier=tier))
    return client


def correct_a_bar(*, days_ago: int = 1) -> IngestionRun:
    apple = make_instrument("AAPL")
    run = IngestionRun.objects.create(provider="file", source_name="p.csv", status="completed")
    at = timezone.now() - timedelta(days=days_ago)
    for high in ("12", "13"):
        bar = make_bar(apple, f"10 {high} 9 11", at=at)
        store_bars([bar], source="file", recorded_at=timezone.now(), run_id=run.id)
    return run


def test_what_was_and_what_is_stand_on_the_instruments_page(staff: Client) -> None:
    run = correct_a_bar()
    page = reader().get(PAGE).content.decode()
    assert "high: 12 → 13" in page
    assert "low:" not in page
    assert str(run.id) not in page
    assert f"/operations/runs/{run.id}" in staff.get(PAGE).content.decode()


def test_ticks_stand_beside_bars() -> None:
    tick = make_tick(make_instrument("AAPL"), "19", source="venue")
    for price in ("19", "12"):
        store_ticks([replace(tick, price=Decimal(price))], received_at=NOON)
    page = reader().get(PAGE, {"of": "ticks"}).content.decode()
    assert "price: 19 → 12" in page


def test_a_tier_sees_no_older_prices_by_their_corrections() -> None:
    correct_a_bar(days_ago=90)
    page = reader(tier=Tier.STANDARD).get(PAGE).content.decode()
    assert "No bar was corrected" in page


def test_a_run_shows_its_counts_and_what_it_corrected(staff: Client) -> None:
    run = correct_a_bar()
    IngestionRun.objects.filter(id=run.id).update(
        rows_refused=3, notes={"bars_superseded": 1, "seen": {"p.csv": [1, 2]}}
    )
    page = staff.get(f"/operations/runs/{run.id}").content.decode()
    for words in ("p.csv", "high: 12 → 13", "XNYS:AAPL", f"?run_id={run.id}", "Bars superseded"):
        assert words in page
    assert "every 1s" not in page
    assert "seen" not in page.lower().split("corrected bars")[0]


def test_a_run_at_work_is_looked_at_again(staff: Client) -> None:
    run = IngestionRun.objects.create(provider="file", source_name="p.csv", status="running")
    page = staff.get(f"/operations/runs/{run.id}").content.decode()
    assert "every 1s" in page
    part = staff.get(
        f"/operations/runs/{run.id}", headers={"HX-Request": "true", "HX-Target": "run"}
    )
    assert part.content.decode().strip().startswith('<div class="stack"')


def test_nobody_else_sees_a_run() -> None:
    run = correct_a_bar()
    assert reader().get(f"/operations/runs/{run.id}").status_code == 404
    assert Client().get(PAGE).status_code == 302
