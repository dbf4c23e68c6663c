"""Files of instruments as uploads."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import AuditEvent
from market.models import Instrument
from tests.api.clients import Answer, ApiClient
from tests.factories import make_instrument

HEADER = "symbol,name,exchange_mic,currency\n"


def upload(api: ApiClient, rows: str, *, key: str | None = None) -> Answer:
    headers = api.headers() | ({"Idempotency-Key": key} if key else {})
    file = SimpleUploadedFile("instruments.csv", (HEADER + rows).encode())
    return api.client.post("/api/v1/instrument-imports", {"file": file}, headers=headers)


def test_instruments_are_created_and_corrected(admin_api: ApiClient) -> None:
    make_instrument("AAPL", name="Apple", mic="XNAS")
    make_instrument("MSFT", name="Old", mic="XNAS")
    rows = "AAPL,Apple,XNAS,USD\nMSFT,Microsoft,XNAS,USD\nNEW,New,XNAS,USD\n"
    done = upload(admin_api, rows)
    assert done.status_code == 201, done.content
    assert done.json() == {"rows_read": 3, "created": 1, "changed": 1, "unchanged": 1}
    assert Instrument.objects.get(symbol="MSFT").name == "Microsoft"
    assert upload(admin_api, rows).json()["unchanged"] == 3
    assert AuditEvent.objects.filter(action="instrument.imported").count() == 1


def test_each_wrong_line_is_named_and_nothing_is_changed(admin_api: ApiClient) -> None:
    refused = upload(admin_api, "GOOD,Good,XNAS,USD\nA B,Bad,XNAS,USD\nBAD,Bad,XXXX,USD\n")
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == ["line 3", "line 4"]
    assert not Instrument.objects.exists()
    assert upload(admin_api, "\0,a").json()["status"] == 422


def test_a_repeated_upload_is_answered_alike(admin_api: ApiClient) -> None:
    first = upload(admin_api, "NEW,New,XNAS,USD\n", key="once")
    second = upload(admin_api, "NEW,New,XNAS,USD\n", key="once")
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["Idempotent-Replayed"] == "true"


def test_only_administrators_send_them(api: ApiClient) -> None:
    assert upload(api, "NEW,New,XNAS,USD\n").status_code == 403
