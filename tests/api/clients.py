"""A program that speaks to the API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.test import Client
from django.utils import timezone

from accounts.api_keys import issue_key
from accounts.models import User

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer
else:
    Answer = object

__all__ = ["Answer", "ApiClient", "all_items", "fields_in", "key_for"]

ROOT = "/api/v1"


def key_for(
    owner: User,
    *,
    scopes: Sequence[str] = ("read", "trade"),
    portfolio_ids: Sequence[UUID] = (),
    expires_at: datetime | None = None,
    created_at: datetime | None = None,
) -> str:
    _, text = issue_key(
        owner=owner,
        name="test",
        scopes=scopes,
        portfolio_ids=portfolio_ids,
        expires_at=expires_at,
        created_at=created_at or timezone.now(),
    )
    return text


class ApiClient:
    """Sends JSON with a key. A body given as text goes out as it is."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.client = Client(raise_request_exception=False)

    def get(self, path: str, **query: Any) -> Answer:
        return self.client.get(ROOT + path, query, headers=self.headers())

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Answer:
        return self.send("POST", path, body, key=key)

    def patch(self, path: str, body: Any, *, key: str | None = None) -> Answer:
        return self.send("PATCH", path, body, key=key)

    def delete(self, path: str, body: Any = None) -> Answer:
        return self.send("DELETE", path, body)

    def send(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Answer:
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        headers = self.headers() | ({"Idempotency-Key": key} if key else {})
        return self.client.generic(
            method, ROOT + path, text, content_type="application/json", headers=headers
        )

    def upload(self, path: str, fields: dict[str, Any]) -> Answer:
        """Files and fields of a form."""
        return self.client.post(ROOT + path, fields, headers=self.headers())

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


def all_items(api: ApiClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """Follow a list's cursors to its end."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = api.get(path, **query, **cursor).json()
        items += answer["items"]
        if answer["next_cursor"] is None:
            return items
        cursor = {"cursor": answer["next_cursor"]}


def fields_in(response: Answer) -> dict[str, str]:
    """The problems of an answer: field → code."""
    return {found["field"]: found["code"] for found in json.loads(response.content)["errors"]}
