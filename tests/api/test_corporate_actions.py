"""Dividends and splits through the API."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from market.models import CorporateAction, Instrument
from tests.api.clients import ROOT, Answer, ApiClient, all_items, fields_in
from tests.factories import make_daily_bars, make_instrument

PATH = "/instruments/AAPL/corporate-actions"
DIVIDEND = {"kind": "dividend", "ex_date": "2026-02-09", "amount_per_share": "0.260"}
SPLIT = {"kind": "split", "ex_date": "2026-02-09", "ratio_from": 1, "ratio_to": 4}


@pytest.fixture(autouse=True)
def instrument(db: None) -> Instrument:
    return make_instrument("AAPL")


def upload(api: ApiClient, text: str) -> Answer:
    return api.client.post(
        f"{ROOT}/corporate-actions/imports",
        {"file": SimpleUploadedFile("f.csv", text.encode())},
        headers=api.headers(),
    )


def test_a_dividend_is_recorded_and_read(api: ApiClient, admin_api: ApiClient) -> None:
    response = admin_api.post(PATH, DIVIDEND)
    assert response.status_code == 201, response.content
    (item,) = api.get(PATH).json()["items"]
    assert item == response.json()
    assert set(item) == {
        *("id", "symbol", "kind", "ex_date", "pay_date", "amount_per_share", "currency"),
        *("ratio_from", "ratio_to", "is_in_history", "version", "source"),
        *("recorded_at", "changed_at"),
    }
    assert (item["amount_per_share"], item["currency"]) == ("0.26", "USD")
    assert (item["version"], item["ratio_to"]) == (1, None)


def test_the_same_again_is_the_one_there_and_another_a_conflict(admin_api: ApiClient) -> None:
    first = admin_api.post(PATH, DIVIDEND).json()
    assert admin_api.post(PATH, DIVIDEND).json()["id"] == first["id"]
    response = admin_api.post(PATH, DIVIDEND | {"amount_per_share": "1"})
    assert (response.status_code, response.json()["code"]) == (409, "corporate_action_exists")


def test_the_list_is_by_ex_date_within_days_in_pages(api: ApiClient, admin_api: ApiClient) -> None:
    for day in ("2026-03-01", "2026-01-01", "2026-02-01"):
        admin_api.post(PATH, DIVIDEND | {"ex_date": day})
    assert [it["ex_date"] for it in all_items(api, PATH, limit=1)] == [
        "2026-01-01",
        "2026-02-01",
        "2026-03-01",
    ]
    items = api.get(PATH, start="2026-02-01", end="2026-02-28").json()["items"]
    assert [it["ex_date"] for it in items] == ["2026-02-01"]


def test_a_correction_is_a_new_version_and_leaves_what_it_does_not_name(
    admin_api: ApiClient,
) -> None:
    action = admin_api.post(PATH, DIVIDEND | {"pay_date": "2026-02-12"}).json()
    path = f"/corporate-actions/{action['id']}"
    corrected = admin_api.patch(path, {"amount_per_share": "0.27", "kind": None}).json()
    assert (corrected["version"], corrected["amount_per_share"]) == (2, "0.27")
    assert corrected["pay_date"] == "2026-02-12"
    assert admin_api.patch(path, {"pay_date": None}).json()["pay_date"] is None
    assert set(fields_in(admin_api.patch(path, {"kind": "split"}))) == {"kind"}
    assert set(fields_in(admin_api.patch(path, {"amount_per_share": None}))) == {"amount_per_share"}


def test_a_cancelled_one_is_gone_and_cannot_change(api: ApiClient, admin_api: ApiClient) -> None:
    action = admin_api.post(PATH, DIVIDEND).json()
    path = f"/corporate-actions/{action['id']}"
    assert admin_api.delete(path).status_code == 204
    assert admin_api.delete(path).status_code == 204
    assert api.get(PATH).json()["items"] == []
    response = admin_api.patch(path, {"amount_per_share": "1"})
    assert (response.status_code, response.json()["code"]) == (409, "corporate_action_cancelled")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"kind", "ex_date"}),
        (DIVIDEND | {"amount_per_share": "-1"}, {"amount_per_share"}),
        (DIVIDEND | {"currency": "dollar"}, {"currency"}),
        (SPLIT | {"ratio_to": 1}, {"ratio_to"}),
        (SPLIT | {"ratio_from": 0}, {"ratio_from"}),
        (SPLIT | {"amount_per_share": "1", "currency": "USD"}, {"amount_per_share", "currency"}),
        (DIVIDEND | {"ex_date": "soon"}, {"ex_date"}),
        (DIVIDEND | {"sort": "special"}, {"sort"}),
    ],
)
def test_what_makes_no_action_is_named_by_field(
    admin_api: ApiClient, body: dict[str, Any], fields: set[str]
) -> None:
    response = admin_api.post(PATH, body)
    assert response.status_code == 422
    assert set(fields_in(response)) == fields


def test_a_file_is_taken_in(api: ApiClient, admin_api: ApiClient) -> None:
    response = upload(
        admin_api, "symbol,ex_date,amount_per_share\nAAPL,2020-02-07,0.77\nNOPE,2020-02-07,1\n"
    )
    assert response.status_code == 201, response.content
    run = response.json()
    assert (run["status"], run["rows_written"], run["rows_refused"]) == ("completed", 1, 1)
    assert run["refusals"][0]["code"] == "unknown_symbol"
    assert len(api.get(PATH).json()["items"]) == 1
    refused = upload(admin_api, "nonsense")
    assert (refused.status_code, refused.json()["code"]) == (422, "unreadable_file")


def test_only_administrators_change_anything(api: ApiClient, admin_api: ApiClient) -> None:
    action = admin_api.post(PATH, DIVIDEND).json()
    path = f"/corporate-actions/{action['id']}"
    assert api.post(PATH, DIVIDEND).status_code == 403
    assert api.patch(path, {}).status_code == 403
    assert api.delete(path).status_code == 403
    assert upload(api, "symbol,ex_date,amount_per_share\n").status_code == 403
    assert CorporateAction.objects.get().version == 1


def test_what_is_not_there_is_404(api: ApiClient, admin_api: ApiClient, anonymous: Client) -> None:
    assert api.get("/instruments/NOPE/corporate-actions").status_code == 404
    assert admin_api.patch(f"/corporate-actions/{uuid4()}", {}).status_code == 404
    assert admin_api.delete(f"/corporate-actions/{uuid4()}").status_code == 404
    assert anonymous.get(ROOT + PATH).status_code == 401


@pytest.mark.parametrize("adjusted", ["true", "splits"])
def test_bars_and_statistics_are_comparable_over_a_split(
    api: ApiClient, admin_api: ApiClient, instrument: Instrument, adjusted: str
) -> None:
    make_daily_bars(instrument, ["100", "100"])
    split = SPLIT | {"ex_date": date(2026, 1, 6).isoformat(), "ratio_to": 2}
    assert admin_api.post(PATH, split).status_code == 201
    query = {"start": "2026-01-01", "end": "2026-02-01"}
    raw = api.get("/instruments/AAPL/bars", **query).json()["items"]
    found = api.get("/instruments/AAPL/bars", **query, adjusted=adjusted).json()["items"]
    assert [bar["close"] for bar in raw] == ["100", "100"]
    assert [bar["close"] for bar in found] == ["50", "100"]
    path = "/instruments/AAPL/statistics"
    assert api.get(path, **query).json()["mean"] == "100"
    assert api.get(path, **query, adjusted=adjusted).json()["mean"] == "75"
    assert api.get(path, **query, adjusted="half").status_code == 422
