"""Price files as uploads."""

import io
import zipfile
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from market.intake import price_files
from market.models import Bar, IngestionRun
from market.tasks import run_price_import
from tests.api.clients import Answer, ApiClient
from tests.factories import make_instrument

CSV = b"""date,symbol,open,high,low,close,volume
2020-01-02,AAPL,10,12,9,11.5,1000
2020-01-03,AAPL,11,10,12,11,1000
2020-01-06,NOPE,11,12,10,11,1000
2020-01-07,AAPL,11,12,10,11,0
2020-01-07,AAPL,11,12,10,11,0
"""


def upload(api: ApiClient, content: bytes, *, key: str | None = None, **others: Any) -> Answer:
    headers = api.headers() | ({"Idempotency-Key": key} if key else {})
    files = {"file": SimpleUploadedFile("prices.csv", content)} | others
    return api.client.post("/api/v1/prices/imports", files, headers=headers)


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Runs handed to the worker, which these tests are themselves."""
    found: list[str] = []
    monkeypatch.setattr(run_price_import, "delay", lambda *, run_id: found.append(run_id))
    return found


@pytest.mark.django_db(transaction=True)
def test_an_upload_is_taken_in_by_a_run_to_poll(admin_api: ApiClient, queued: list[str]) -> None:
    make_instrument("AAPL")
    accepted = upload(admin_api, CSV)
    assert accepted.status_code == 202, accepted.content
    assert accepted.json()["status"] == "pending"
    assert queued == [accepted.json()["id"]]

    price_files.run_import(IngestionRun.objects.get().id)

    run = admin_api.get(f"/prices/imports/{queued[0]}").json()
    assert run["status"] == "completed"
    counts = [run[f"rows_{name}"] for name in ("read", "written", "unchanged", "refused")]
    assert counts == [5, 2, 1, 2]
    noted = ("rows_without_volume", "rows_repeated", "bars_superseded")
    assert [accepted.json()[name] for name in noted] == [0, 0, 0]
    assert [run[name] for name in noted] == [2, 1, 0]
    assert [row["line"] for row in run["refusals"]] == [3, 3, 4]  # two reasons for one
    assert all(row["message"] for row in run["refusals"])
    assert Bar.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_repeating_the_upload_starts_one_run(admin_api: ApiClient, queued: list[str]) -> None:
    make_instrument("AAPL")
    first = upload(admin_api, CSV, key="once")
    again = upload(admin_api, CSV, key="once")
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert upload(admin_api, CSV + b"\n", key="once").status_code == 422
    assert len(queued) == IngestionRun.objects.count() == 1


def zip_of(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"date,open\n2020-01-02,1\n", id="columns missing"),
        pytest.param(zip_of("../../etc/prices.csv", CSV), id="a path in a name"),
        pytest.param(zip_of("prices.csv", CSV)[:100], id="cut off"),
        pytest.param(zip_of("prices.csv", b"0" * 50_000_000), id="a bomb"),
        pytest.param(b"\x00\xff" * 1000, id="no text"),
    ],
)
def test_a_file_that_is_none_is_refused(
    admin_api: ApiClient, queued: list[str], content: bytes
) -> None:
    response = upload(admin_api, content)
    assert response.status_code == 422, response.content
    assert not queued
    assert not IngestionRun.objects.exists()


def test_without_a_file_the_field_is_named(admin_api: ApiClient) -> None:
    response = admin_api.client.post(
        "/api/v1/prices/imports", {"other": "x"}, headers=admin_api.headers()
    )
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "file"


def test_a_cut_off_upload_is_400(admin_api: ApiClient) -> None:
    response = admin_api.client.generic(
        "POST",
        "/api/v1/prices/imports",
        b"--x\r\nContent-Disposition: form-data",
        content_type="multipart/form-data",
        headers=admin_api.headers(),
    )
    assert response.status_code == 400


def test_an_upload_announced_too_large_is_413(admin_api: ApiClient) -> None:
    response = admin_api.client.generic(
        "POST",
        "/api/v1/prices/imports",
        b"",
        content_type="multipart/form-data; boundary=x",
        headers=admin_api.headers(),
        CONTENT_LENGTH=str(10**12),
    )
    assert response.status_code == 413


def test_only_administrators_import(api: ApiClient) -> None:
    assert upload(api, CSV).status_code == 403
    assert api.get(f"/prices/imports/{uuid4()}").status_code == 403


def test_an_unknown_run_is_404(admin_api: ApiClient) -> None:
    assert admin_api.get(f"/prices/imports/{uuid4()}").status_code == 404
