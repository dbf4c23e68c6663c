"""Takeouts of other versions, with rows that make no sense, or too many of them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEvent, User
from market.models import Alert, Instrument, Watchlist
from portfolio.imports.errors import ImportTooLarge, UnreadableImport
from portfolio.takeout.own_things import Brought
from tests.api.clients import ApiClient, key_for
from tests.portfolio.takeout.desk import SYMBOLS, back, items_of, zip_of

pytestmark = pytest.mark.django_db

GOOD_LIST = {"watchlists.json": b'[{"watchlist": "Mine"}]'}


def test_an_export_of_before_brings_back_what_it_says(bob: User, known: list[Instrument]) -> None:
    lists = [{"watchlist": "Mine", "exchange": "XNAS", "symbol": "AAPL", "note": "old"}]
    old = {"exchange": "XNAS", "symbol": "AAPL", "status": "armed", "repeats": False, "note": ""}
    alerts = [
        old | {"kind": "price_above", "threshold": "110", "created_at": "2026-01-01T00:00:00Z"},
        old | {"kind": "rsi_above", "threshold": "70", "created_at": "2026-01-01T00:00:00Z"},
    ]
    told = {"watchlists": lists, "alerts": alerts}
    brought = back(bob, {f"{name}.json": json.dumps(rows).encode() for name, rows in told.items()})
    assert items_of(bob, "Mine") == [("AAPL", "old")]
    assert Alert.objects.get(owner=bob).created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert [(one.kind, one.code) for one in brought.left_out] == [("alert", "incomplete")]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(GOOD_LIST | {"format.json": b'[{"version": 4}]'}, id="of a newer desk"),
        pytest.param(GOOD_LIST | {"format.json": b'[{"version": "2"}]'}, id="no version"),
        pytest.param({"format.json": b'[{"version": 2}]'}, id="nothing to bring back"),
        pytest.param({"watchlists.json": b"[1]"}, id="rows of no kind"),
        pytest.param({"alerts.json": b'{"kind": 1}'}, id="no rows"),
        pytest.param(GOOD_LIST | {"indices.csv": b"a,b,c\r\n"}, id="other columns"),
        pytest.param(
            GOOD_LIST | {"indices.csv": b"index,date,close\r\nW,2024-01-01\r\n"}, id="a cell short"
        ),
        pytest.param(GOOD_LIST | {"indices.csv": b"index,date,close\r\nW,soon,1\r\n"}, id="no day"),
        pytest.param(
            GOOD_LIST | {"indices.csv": b"index,date,close\r\nW,2024-01-01,NaN\r\n"}, id="no close"
        ),
        pytest.param({"indices.csv": b"\xff\xfe"}, id="no text"),
    ],
)
def test_what_makes_no_sense_is_refused_whole(bob: User, files: dict[str, bytes]) -> None:
    with pytest.raises(UnreadableImport):
        back(bob, files)
    assert not Watchlist.objects.exists()


def test_odd_facts_in_a_row_leave_out_the_row(bob: User, known: list[Instrument]) -> None:
    good = {"exchange": "XNAS", "symbol": "AAPL", "kind": "price_above", "status": "armed"}
    rows = [
        good | {"threshold": "1E+999999"},
        good | {"threshold": 5},
        good | {"threshold": "-1"},
        good | {"threshold": "5", "kind": ["x"]},
        good | {"threshold": "5", "status": "asleep"},
        good | {"threshold": "5", "symbol": "\ud800"},
        good | {"threshold": "5", "created_at": "x", "given_at": "2999-01-01T00:00:00Z"},
    ]
    lists = [{"watchlist": "\u0000", "symbol": "AAPL"}, {"watchlist": "x" * 81}]
    told = {"watchlists": lists, "alerts": rows}
    brought = back(bob, {f"{name}.json": json.dumps(one).encode() for name, one in told.items()})
    assert [one.kind for one in brought.left_out] == ["watchlist"] * 2 + ["alert"] * 6
    assert (brought.alerts, Alert.objects.get().given_at <= timezone.now()) == (1, True)


def test_as_many_rows_as_allowed_and_one_beyond(
    bob: User, known: list[Instrument], settings: Settings
) -> None:
    rows = [
        {"watchlist": "Mine", "exchange": "XNAS", "symbol": symbol, "note": ""}
        for symbol in SYMBOLS
    ]
    settings.LIMITS = replace(settings.LIMITS, takeout_rows=3)
    with pytest.raises(ImportTooLarge):
        back(bob, {"watchlists.json": json.dumps(rows).encode()})
    assert back(bob, {"watchlists.json": json.dumps(rows[:3]).encode()}).watched == 3


def test_page_and_api_say_what_came_and_what_did_not(alice: User, known: list[Instrument]) -> None:
    rows = [
        {"watchlist": "Mine", "exchange": "XNAS", "symbol": symbol, "note": ""}
        for symbol in ("AAPL", "GONE")
    ]
    content = zip_of({"watchlists.json": json.dumps(rows).encode()})
    page = Client()
    page.force_login(alice)
    sent = {"file": SimpleUploadedFile("all.zip", content)}
    answer = page.post("/exports/restoration", sent)
    assert answer.status_code == 200
    assert "Brought back: 1 watchlist, 1 watched instrument." in answer.text
    assert "Nobody here knows &#x27;XNAS:GONE&#x27;" in answer.text
    api = ApiClient(key_for(alice))
    said = api.client.post(
        "/api/v1/exports/restorations",
        {"file": SimpleUploadedFile("all.zip", content)},
        headers=api.headers(),
    ).json()
    assert (said["items"], said["watchlists"], said["watched"]) == ([], 0, 0)
    assert said["left_out"][0]["code"] == "unknown_symbol"
    assert AuditEvent.objects.filter(action="takeout.restored").count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_at_once_bring_each_thing_once(bob: User, known: list[Instrument]) -> None:
    watched = {"watchlist": "Mine", "exchange": "XNAS", "symbol": "AAPL", "note": ""}
    alert = {"exchange": "XNAS", "symbol": "AAPL", "kind": "price_above", "status": "triggered"}
    files = {
        "watchlists.json": json.dumps([watched]).encode(),
        "alerts.json": json.dumps([alert | {"threshold": "5"}]).encode(),
        "indices.csv": b"index,date,close\r\nWorld,2024-01-01,1\r\n",
    }

    def bring() -> Brought:
        try:
            return back(bob, files)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        made = [one.result() for one in [pool.submit(bring), pool.submit(bring)]]
    assert sorted((one.watchlists, one.alerts, one.indices) for one in made) == [
        (0, 0, 0),
        (1, 1, 1),
    ]
