"""How far back each tier sees prices."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.tiers import Tier
from market.intake.ingestion import ensure_tick_partitions, store_ticks
from market.models import Instrument
from market.values import TickValue
from tests.api.clients import ApiClient, all_items, key_for
from tests.factories import make_daily_bars, make_user, noon_before

DAYS = 40


@pytest.fixture
def dora(db: None) -> User:
    return make_user("dora@example.com", tier=Tier.STANDARD)


@pytest.fixture
def dora_api(dora: User) -> ApiClient:
    return ApiClient(key_for(dora))


@pytest.fixture
def forty_days(apple: Instrument) -> datetime:
    """Daily bars up to yesterday; returns the opening of the first."""
    first_at = noon_before(days=DAYS)
    make_daily_bars(apple, range(1, DAYS + 1), first_at=first_at)
    return first_at


def test_the_standard_tier_gets_its_thirty_days(
    dora_api: ApiClient, api: ApiClient, forty_days: datetime
) -> None:
    assert len(dora_api.get("/instruments/AAPL/bars").json()["items"]) == 30
    assert len(api.get("/instruments/AAPL/bars").json()["items"]) == DAYS
    assert dora_api.get("/instruments/AAPL/statistics").json()["count"] == 30
    assert api.get("/instruments/AAPL/statistics").json()["count"] == DAYS


@pytest.mark.parametrize("path", ["bars", "ticks", "statistics"])
@pytest.mark.parametrize("field", ["start", "end"])
def test_asking_for_more_is_refused_and_names_the_tier(
    dora_api: ApiClient, api: ApiClient, forty_days: datetime, path: str, field: str
) -> None:
    query = {field: (forty_days + timedelta(days=1)).isoformat()}
    answer = dora_api.get(f"/instruments/AAPL/{path}", **query)
    assert (answer.status_code, answer.json()["code"]) == (403, "allowance_exceeded")
    assert "standard tier" in answer.json()["detail"]
    assert field in answer.json()["detail"]
    assert api.get(f"/instruments/AAPL/{path}", **query).status_code == 200


def test_pages_of_a_permitted_span_go_to_its_end(dora_api: ApiClient, forty_days: datetime) -> None:
    midnight = datetime.combine(timezone.now().date(), datetime.min.time(), tzinfo=UTC)
    start = midnight - timedelta(days=30)
    found = all_items(dora_api, "/instruments/AAPL/bars", start=start.isoformat(), limit=10)
    assert len(found) == 30


def test_older_ticks_are_not_shown(
    dora_api: ApiClient, api: ApiClient, apple: Instrument, db: None
) -> None:
    now = timezone.now()
    old = now - timedelta(days=35)
    ensure_tick_partitions(first_date=old.date(), days=DAYS)
    ticks = [
        TickValue(
            instrument_id=apple.id,
            occurred_at=moment,
            provider_tick_id=moment.isoformat(),
            price=Decimal(100),
            size=Decimal(1),
            source="simulated",
        )
        for moment in (old, now)
    ]
    store_ticks(ticks, received_at=now)
    assert len(dora_api.get("/instruments/AAPL/ticks").json()["items"]) == 1
    assert len(api.get("/instruments/AAPL/ticks").json()["items"]) == 2


def test_the_page_says_how_far_back_it_goes(
    client: Client, dora: User, alice: User, forty_days: datetime
) -> None:
    client.force_login(dora)
    first_date = timezone.now().date() - timedelta(days=30)
    page = client.get("/instruments/AAPL").content.decode()
    assert f"The standard tier shows prices from {first_date} on." in page
    client.force_login(alice)
    assert "tier shows prices" not in client.get("/instruments/AAPL").content.decode()
