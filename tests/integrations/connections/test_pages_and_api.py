"""Connections on pages and for programs: owner, stranger, and nothing that was entered shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.api_keys import issue_key
from accounts.models import User
from accounts.page_lists import read_page
from integrations.brokers.ccxt.library import exchange_names
from integrations.connections import syncing
from integrations.models import Connection, Credential, Sync
from integrations.models.connections import SyncKind
from tests.accounts.signing_in import signed_in_client
from tests.factories import make_instrument, make_portfolio, make_user
from tests.integrations.connections.desk import Desk, told

SECRET = "alpaca-secret"

pytestmark = pytest.mark.usefixtures("embedded_desk")


@pytest.fixture
def page(desk: Desk) -> Client:
    return signed_in_client(desk.owner)


def api(owner: User, *scopes: str) -> Client:
    _, text = issue_key(
        owner=owner,
        name="test",
        scopes=list(scopes or ("read", "trade")),
        created_at=timezone.now(),
    )
    return Client(headers={"Authorization": f"Bearer {text}"})


def form(desk: Desk, **changes: Any) -> dict[str, Any]:
    secrets = {f"credentials_{name}": value for name, value in desk.vendor.credentials.items()}
    return {
        "portfolio": desk.portfolio.id,
        "is_scheduled": "on",
        "master_password": "",
        **secrets,
    } | (changes)


def run_waiting() -> Sync:
    sync = Sync.objects.working().get()
    syncing.run_sync(sync.id, clock=timezone.now)
    return Sync.objects.get(id=sync.id)


def test_the_catalogue_and_an_empty_list_are_shown(page: Client) -> None:
    shown = page.get("/connections").content.decode()
    assert "Nothing is connected yet" in shown
    assert "Trading 212" in shown
    answer = page.get("/connections/new?broker=nobody")
    assert answer.headers["Location"] == "/connections"


def test_every_exchange_of_the_library_is_offered(page: Client, desk: Desk) -> None:
    names = exchange_names()
    assert len(names) > 100
    assert f"one of {len(names)}" in page.get("/connections").content.decode()
    shown = page.get("/connections/new?broker=ccxt").content.decode()
    assert all(f'<option value="{name}">' in shown for name in names)


def test_a_connection_is_added_verified_synced_and_shows_no_secret(
    page: Client, desk: Desk
) -> None:
    answer = page.post("/connections/new?broker=alpaca", form(desk, name="Mine"))
    made = Connection.objects.get()
    assert answer.headers["Location"] == f"/connections/{made.id}"
    assert run_waiting().kind == SyncKind.VERIFICATION
    page.post(f"/connections/{made.id}/sync")
    assert b'id="sync-progress"' in page.get(f"/connections/{made.id}").content
    run_waiting()
    shown = page.get(f"/connections/{made.id}").content.decode()
    assert "Everything agrees" in shown
    assert "010203ABCD" in shown
    assert SECRET not in shown
    assert desk.vendor.credentials["api_key"] not in shown


def test_a_sync_that_ends_while_its_page_is_made_is_looked_for_again(
    page: Client, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = desk.connect()
    page.post(f"/connections/{connection.id}/sync")

    def read_and_end(*words: Any, **named: Any) -> Any:
        found = read_page(*words, **named)
        run_waiting()
        return found

    monkeypatch.setattr("integrations.connections.views.read_page", read_and_end)
    assert b'hx-trigger="every 1s"' in page.get(f"/connections/{connection.id}").content


def test_a_wrong_form_says_so_and_repeats_no_secret(page: Client, desk: Desk) -> None:
    answer = page.post("/connections/new?broker=alpaca", form(desk, credentials_api_key=""))
    assert answer.status_code == 422
    assert SECRET.encode() not in answer.content
    paper = make_portfolio(desk.owner, name="Pretend")
    answer = page.post("/connections/new?broker=alpaca", form(desk, portfolio=paper.id))
    assert answer.status_code == 422
    assert not Connection.objects.exists()


def test_a_broken_session_shows_a_banner_until_its_owner_signs_in(page: Client, desk: Desk) -> None:
    connection = desk.connect()
    desk.vendor.is_expired = True
    desk.sync(connection)
    path = f"/connections/{connection.id}"
    assert b"Sign in again: " in page.get(path).content
    desk.vendor.is_expired = False
    secrets = {key: value for key, value in form(desk).items() if key.startswith("credentials")}
    answer = page.post(f"{path}/sign-in", secrets | {"master_password": ""})
    assert answer.status_code == 302
    assert run_waiting().status == "completed"
    assert b"Sign in again: " not in page.get(path).content


def test_what_waits_is_shown_and_an_instrument_chosen(page: Client, desk: Desk) -> None:
    make_instrument("EVEN")
    facts = {"symbol": "ODD", "quantity": 1, "unit_price": 10}
    desk.vendor.world.happenings.append(told(4, "buy", **facts))
    connection = desk.connect()
    desk.sync(connection)
    path = f"/connections/{connection.id}"
    shown = page.get(path).content.decode()
    assert "Waiting for you" in shown
    assert "ODD" in shown
    page.post(f"{path}/symbols", {"symbol_0": "EVEN"})
    assert run_waiting().rows_booked == 1
    assert "Waiting for you" not in page.get(path).content.decode()


def test_it_is_changed_disabled_unlocked_and_deleted(page: Client, desk: Desk) -> None:
    connection = desk.connect(master_password="moon")
    path = f"/connections/{connection.id}"
    assert b"locked by your master password" in page.get(path).content
    assert page.post(f"{path}/unlock", {"master_password": "sun"}).status_code == 422
    assert page.post(f"{path}/unlock", {"master_password": "moon"}).status_code == 302
    assert run_waiting().status == "completed"
    assert page.post(f"{path}/change", {"name": ""}).status_code == 422
    page.post(f"{path}/change", {"name": "Other"})
    connection.refresh_from_db()
    assert (connection.name, connection.is_enabled, connection.is_scheduled) == (
        "Other",
        False,
        False,
    )
    assert b"disabled; enable it first" in page.post(f"{path}/sync", follow=True).content
    page.post(f"{path}/deletion", {"with_activities": "on"})
    assert not Connection.objects.exists()
    assert not Credential.objects.exists()


@pytest.mark.parametrize(
    "verb",
    ["", "/sync", "/verification", "/sign-in", "/change", "/symbols", "/unlock", "/deletion"],
)
def test_a_stranger_finds_nothing(desk: Desk, verb: str) -> None:
    connection = desk.connect()
    stranger = signed_in_client(make_user("bob@example.com"))
    path = f"/connections/{connection.id}{verb}"
    answer = stranger.post(path, {}) if verb else stranger.get(path)
    assert answer.status_code == 404
    assert Connection.objects.filter(id=connection.id).exists()


def test_a_program_does_the_same(desk: Desk) -> None:
    program = api(desk.owner)
    brokers = program.get("/api/v1/brokers").json()["items"]
    assert {one["name"] for one in brokers} >= {"alpaca", "trading212"}
    body = {
        "broker": "alpaca",
        "portfolio_id": str(desk.portfolio.id),
        "credentials": dict(desk.vendor.credentials),
    }
    made = post(program, "/connections", body)
    assert made["state"] == "unverified"
    path = f"/connections/{made['id']}"
    sync = post(program, f"{path}/syncs", None)
    assert sync["status"] == "queued"
    run_waiting()
    done = program.get(f"/api/v1/syncs/{sync['id']}").json()
    assert (done["status"], done["rows_booked"], done["differences"]) == ("completed", 4, [])
    rows = program.get(f"/api/v1{path}/rows?status=booked&limit=3").json()
    assert len(rows["items"]) == 3
    assert rows["next_cursor"]
    assert len(program.get(f"/api/v1{path}/syncs").json()["items"]) == 1
    told_all = program.get(f"/api/v1{path}").content + program.get("/api/v1/connections").content
    assert SECRET.encode() not in told_all
    assert program.delete(f"/api/v1{path}?with_activities=true").status_code == 204
    assert program.get(f"/api/v1{path}").status_code == 404


def test_a_program_changes_and_unlocks(desk: Desk) -> None:
    program = api(desk.owner)
    connection = desk.connect(master_password="moon")
    path = f"/api/v1/connections/{connection.id}"
    changed = program.patch(
        path, json.dumps({"name": "N", "symbols": {"A": "B"}}), "application/json"
    )
    assert changed.json()["symbols"] == {"A": "B"}
    wrong = program.post(f"{path}/unlocking", {"master_password": "sun"}, "application/json")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "master_password_wrong")
    right = program.post(f"{path}/unlocking", {"master_password": "moon"}, "application/json")
    assert right.status_code == 200
    disabled = program.patch(path, json.dumps({"is_enabled": False}), "application/json")
    assert disabled.json()["state"] == "disabled"
    assert program.post(f"{path}/verification").status_code == 409


def test_a_program_is_told_what_is_wrong_and_never_what_it_sent(desk: Desk) -> None:
    program = api(desk.owner)
    body = {
        "broker": "alpaca",
        "portfolio_id": str(make_portfolio(desk.owner).id),
        "credentials": {"api_key": "hush-hush-key", "other": "hush-hush-secret"},
    }
    answer = program.post("/api/v1/connections", json.dumps(body), "application/json")
    assert answer.status_code == 422
    fields = {one["field"] for one in answer.json()["errors"]}
    assert fields == {"portfolio_id", "credentials.other", "credentials.api_secret"}
    assert b"hush" not in answer.content


def test_a_key_for_reading_connects_nothing(desk: Desk) -> None:
    reader = api(desk.owner, "read")
    assert reader.get("/api/v1/connections").status_code == 200
    body = {"broker": "alpaca", "portfolio_id": str(desk.portfolio.id), "credentials": {}}
    answer = reader.post("/api/v1/connections", json.dumps(body), "application/json")
    assert answer.status_code == 403


def post(program: Client, path: str, body: Any) -> dict[str, Any]:
    answer = program.post(f"/api/v1{path}", json.dumps(body) if body else "", "application/json")
    assert answer.status_code in {200, 201, 202}, answer.content
    found: dict[str, Any] = answer.json()
    return found
