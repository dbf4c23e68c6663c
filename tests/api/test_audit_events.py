"""The audit trail through the API: each sees his own, administrators everybody's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from market.models import Instrument
from portfolio.models import Portfolio
from portfolio.recording.reversals import reverse_entry
from tests.api.clients import ROOT, ApiClient, all_items, key_for

pytestmark = pytest.mark.django_db


def actions(api: ApiClient, **query: Any) -> list[str]:
    return [event["action"] for event in all_items(api, "/audit-events", **query)]


@pytest.fixture
def busy(api: ApiClient, paper: Portfolio) -> ApiClient:
    """Alice's program after a day's work."""
    api.patch(f"/portfolios/{paper.id}", {"name": "Savings"})
    made = api.post("/watchlists", {"name": "Tech"}).json()
    api.patch(f"/watchlists/{made['id']}", {"name": "Growth"})
    api.delete(f"/watchlists/{made['id']}")
    body = {"kind": "deposit", "amount": "5", "occurred_at": timezone.now().isoformat()}
    entry = api.post(f"/portfolios/{paper.id}/activities", body, key="deposit")
    assert entry.status_code == 201, entry.content
    reverse_entry(portfolio=paper, entry_id=UUID(entry.json()["id"]), reversed_at=timezone.now())
    return api


def test_everything_a_program_did_is_there_newest_first(busy: ApiClient, alice: User) -> None:
    assert actions(busy)[:6] == [
        "activity.reversed",
        "activity.recorded",
        "watchlist.deleted",
        "watchlist.renamed",
        "watchlist.created",
        "portfolio.renamed",
    ]
    assert set(actions(busy)[6:]) == {"portfolio.opened", "api_key.created"}
    event = busy.get("/audit-events", action="watchlist.renamed").json()["items"][0]
    assert (event["before"], event["after"]) == ({"name": "Tech"}, {"name": "Growth"})
    assert (event["by"], event["via"], event["address"]) == ("user", "api", "127.0.0.1")
    assert event["actor_key_id"] == str(alice.api_keys.get().id)


def test_it_is_paged_and_filtered(busy: ApiClient) -> None:
    assert actions(busy, limit=2) == actions(busy)
    assert actions(busy, action="watchlist") == [
        "watchlist.deleted",
        "watchlist.renamed",
        "watchlist.created",
    ]
    assert actions(busy, action="watch") == []
    soon = (timezone.now() + timedelta(minutes=1)).isoformat()
    assert actions(busy, start=soon) == []
    assert actions(busy, end=soon) == actions(busy)
    assert busy.get("/audit-events", action="x'; --").status_code == 422


def test_nobody_sees_anothers(busy: ApiClient, stranger_api: ApiClient) -> None:
    assert actions(stranger_api) == ["api_key.created"]
    cursor = busy.get("/audit-events", limit=1).json()["next_cursor"]
    refused = stranger_api.get("/audit-events", limit=1, cursor=cursor)
    assert refused.json()["code"] == "bad_cursor"


def test_a_bound_key_sees_what_happened_to_its_portfolios(
    busy: ApiClient, alice: User, paper: Portfolio
) -> None:
    bound = ApiClient(key_for(alice, portfolio_ids=[paper.id]))
    found = set(actions(bound))
    assert {"activity.recorded", "portfolio.renamed"} <= found
    assert not found & {"watchlist.created", "api_key.created"}


def test_of_staff_a_user_learns_that_it_was(
    api: ApiClient, alice: User, admin_api: ApiClient, admin: User
) -> None:
    admin_api.patch(f"/users/{alice.id}", {"tier": "standard"})
    event = api.get("/audit-events", action="user.changed").json()["items"][0]
    assert (event["by"], event["after"]) == ("staff", {"tier": "standard"})
    assert (event["actor_id"], event["actor_key_id"], event["address"]) == (None, None, "")
    path = "/operations/audit-events"
    event = admin_api.get(path, action="user.changed", user_id=str(alice.id)).json()["items"][0]
    assert (event["owner_id"], event["actor_id"]) == (str(alice.id), str(admin.id))


def test_an_admin_sees_everybodys(busy: ApiClient, admin_api: ApiClient, apple: Instrument) -> None:
    admin_api.patch("/instruments/AAPL", {"name": "Apple"})
    admin_api.delete("/instruments/AAPL")
    admin_api.delete("/instruments/AAPL")
    found = all_items(admin_api, "/operations/audit-events", limit=3)
    assert len(found) == AuditEvent.objects.count()
    of_instruments = [event for event in found if event["target"] == "instrument"]
    assert [event["action"] for event in of_instruments] == [
        "instrument.deactivated",
        "instrument.changed",
    ]
    assert {event["owner_id"] for event in of_instruments} == {None}


def test_a_cookie_opens_nothing(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    assert client.get(f"{ROOT}/audit-events").status_code == 401


def test_reading_records_nothing(busy: ApiClient) -> None:
    before = AuditEvent.objects.count()
    busy.get("/portfolios")
    busy.get("/audit-events")
    assert AuditEvent.objects.count() == before
