"""Imports as tests ask for them."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from portfolio.models import Portfolio
from tests.api.clients import Answer, ApiClient

TABLE = """Date,Type,Symbol,Quantity,Price,Fees
2024-01-01,deposit,,,,
2024-01-02,buy,AAPL,10,185.50,1
2024-02-02,sell,AAPL,4,190.25,1
2024-02-03,buy,NOPE,1,2,0
"""


def upload(api: ApiClient, portfolio: Portfolio, content: bytes, **fields: Any) -> Answer:
    body = {"file": SimpleUploadedFile("list.csv", content), **fields}
    return api.client.post(
        f"/api/v1/portfolios/{portfolio.id}/imports", body, headers=api.headers()
    )


def paste(api: ApiClient, portfolio: Portfolio, text: str, **more: Any) -> dict[str, Any]:
    answer = api.post(f"/portfolios/{portfolio.id}/imports", {"text": text, **more})
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def statuses(found: dict[str, Any]) -> list[str]:
    return [row["status"] for row in found["rows"]]


def commit(api: ApiClient, found: dict[str, Any]) -> dict[str, Any]:
    answer = api.post(f"/imports/{found['id']}/commit")
    assert answer.status_code == 202, answer.content
    committed: dict[str, Any] = answer.json()
    return committed
