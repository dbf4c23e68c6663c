"""Every list of the API comes in pages, by the same parameters."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from portfolio.indices.own_indices import add_index
from portfolio.sharing.members import add_member
from portfolio.sharing.share_links import create_share_link
from tests.api.books import Book, load_rates
from tests.api.clients import ApiClient, all_items
from tests.factories import make_user

# Their parameters say how much comes: of days, of symbols, of ranks.
BOUNDED = {"/market/calendar", "/quotes", "/watchlists/movers"}
# No lists of rows that come and go, but one figure in its parts.
PARTS = {"/portfolios/{portfolio_id}/allocation", "/portfolios/{portfolio_id}/risk-checks"}


def lists_of(document: dict[str, Any]) -> dict[str, tuple[set[str], set[str]]]:
    """By path: the fields of answers that have items, and the parameters."""
    found = {}
    for path, operations in document["paths"].items():
        schema: dict[str, Any] = next(
            (
                answer["content"]["application/json"]["schema"]
                for code, answer in operations.get("get", {}).get("responses", {}).items()
                if str(code) == "200" and "application/json" in answer.get("content", {})
            ),
            {},
        )
        name = schema.get("$ref", "").rpartition("/")[2]
        fields = set(document["components"]["schemas"].get(name, {}).get("properties", ()))
        if "items" in fields:
            parameters = {it.get("name", "") for it in operations["get"].get("parameters", ())}
            found[path.removeprefix("/api/v1")] = fields, parameters
    return found


def test_every_list_has_its_pages(client: Client, db: None) -> None:
    found = lists_of(client.get("/api/v1/openapi.json").json())
    assert len(found) > 40
    assert found.keys() >= BOUNDED | PARTS
    wrong = {
        path
        for path, (fields, parameters) in found.items()
        if not ({"next_cursor"} <= fields and {"limit", "cursor"} <= parameters)
    }
    # A watchlist has its items within itself.
    assert wrong - BOUNDED - PARTS == {"/watchlists/{watchlist_id}"}


@pytest.fixture
def book(api: ApiClient, alice: User) -> Book:
    """Two indices, two members, two links, and rates of two currencies."""
    load_rates(USD="1.25", GBP="0.8")
    book, now = Book(api), timezone.now()
    for number in range(2):
        closes = b"date,close\n2024-01-02,4000\n"
        add_index(
            owner=alice, name=f"Index {number}", content=closes, file_name="i.csv", added_at=now
        )
        friend = make_user(f"friend-{number}@example.com")
        named = {"portfolio_id": book.id, "owner": alice}
        add_member(**named, email=friend.email, role="viewer", added_at=now)
        create_share_link(**named, label=f"Link {number}", expires_at=None, created_at=now)
    return book


@pytest.mark.parametrize(
    "path", ["/brokers", "/currencies", "/indices", "{book}/members", "{book}/share-links"]
)
def test_pages_of_short_lists_are_the_whole_list(book: Book, api: ApiClient, path: str) -> None:
    path = path.format(book=book.path)
    answer = api.get(path).json()
    assert len(answer["items"]) >= 2
    assert answer["next_cursor"] is None
    assert all_items(api, path, limit=1) == answer["items"]
    assert api.get(path, cursor="x").status_code == 400
