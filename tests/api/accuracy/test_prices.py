"""A quote far from its neighbours stays out of performance until somebody confirms it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from market.intake import price_files
from market.models import Bar, IngestionRun, Instrument, QuarantinedRow
from market.tasks import run_price_import
from tests.api.books import Book
from tests.api.clients import ApiClient

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_price_a_hundred_times_its_neighbours_counts_once_it_is_confirmed(
    api: ApiClient,
    admin_api: ApiClient,
    book: Book,
    apple: Instrument,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_price_import, "delay", lambda *, run_id: None)
    today = timezone.now().date()
    first = today - timedelta(days=25)
    prices = ["100", "101", "99", "100", "101"] * 4 + ["10000"]
    rows = [
        f"{first + timedelta(days=index)},AAPL,{price},{price},{price},{price},10"
        for index, price in enumerate(prices)
    ]
    content = "date,symbol,open,high,low,close,volume\n" + "\n".join(rows)
    bought_at = f"{first + timedelta(days=1)}T15:00:00Z"
    book("deposit", amount="1010", occurred_at=bought_at)
    book("buy", 10, 101, occurred_at=bought_at)
    answer = admin_api.client.post(
        "/api/v1/prices/imports",
        {"file": SimpleUploadedFile("prices.csv", content.encode())},
        headers=admin_api.headers(),
    )
    assert answer.status_code == 202, answer.content
    price_files.run_import(IngestionRun.objects.latest("created_at").id)
    assert Bar.objects.filter(instrument=apple).count() == 20
    end = str(first + timedelta(days=len(prices) - 1))
    assert book.performance(end=end)["end_value"] == "1010"
    told = [one for one in book.read("quality-checks")["items"] if one["code"] == "waiting_price"]
    assert [one["symbol"] for one in told] == ["AAPL"]

    row = QuarantinedRow.objects.get(code="spike")
    assert admin_api.post(f"/quarantined-rows/{row.id}/release", {}).status_code == 200
    found = book.performance(end=end)
    assert Decimal(found["end_value"]) == 100_000
    assert Decimal(found["unrealised_gain"]) == 100_000 - 1010
