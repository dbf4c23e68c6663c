import json

import pytest

from accounts.models import ApiKey, IdempotentAnswer, User
from tests.api.clients import ApiClient, all_items, fields_in, key_for


def test_a_new_key_shows_its_text_once_and_works(api: ApiClient) -> None:
    created = api.post("/api-keys", {"name": "report", "scopes": ["read"]})
    assert created.status_code == 201
    assert ApiClient(created.json()["key"]).get("/me").json()["scopes"] == ["read"]
    listed = api.get("/api-keys").json()["items"]
    assert listed[0]["name"] == "report"
    assert "key" not in listed[0]


def test_repeating_the_request_gives_the_same_key_from_an_encrypted_answer(
    api: ApiClient,
) -> None:
    body = {"name": "report", "scopes": ["read"]}
    first = api.post("/api-keys", body, key="once")
    again = api.post("/api-keys", body, key="once")
    assert again.content == first.content
    assert again["Idempotent-Replayed"] == "true"
    stored = bytes(IdempotentAnswer.objects.get().body)
    assert first.json()["key"].encode() not in stored
    assert b"report" not in stored


def test_keys_are_listed_in_pages_without_gaps(api: ApiClient, alice: User) -> None:
    for _ in range(6):
        key_for(alice)
    listed = all_items(api, "/api-keys", limit=3)
    assert len(listed) == 7
    assert {row["id"] for row in listed} == {str(key.id) for key in ApiKey.objects.all()}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"scopes": []}, "scopes", "unknown_scope"),
        ({"scopes": ["fly"]}, "scopes", "unknown_scope"),
        ({"scopes": ["read", "admin"]}, "scopes", "beyond_this_key"),
        ({"name": "  "}, "name", "length"),
        ({"name": "x" * 81}, "name", "length"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at", "past"),
        ({"expires_at": "2001-01-01T00:00:00"}, "expires_at", "not_a_time"),
        (
            {"portfolio_ids": ["0198c0de-0000-7000-8000-000000000000"]},
            "portfolio_ids",
            "unknown_portfolio",
        ),
        ({"color": "red"}, "color", "extra_forbidden"),
    ],
)
def test_a_bad_wish_is_refused_by_field(
    api: ApiClient, change: dict[str, object], field: str, code: str
) -> None:
    response = api.post("/api-keys", {"name": "report", "scopes": ["read"]} | change)
    assert response.status_code == 422, response.content
    assert fields_in(response)[field] == code
    assert ApiKey.objects.count() == 1


def test_a_strangers_key_cannot_be_revoked(
    api: ApiClient, stranger_api: ApiClient, alice: User
) -> None:
    key = ApiKey.objects.get(owner=alice)
    assert stranger_api.delete(f"/api-keys/{key.id}").status_code == 404
    assert api.get("/me").status_code == 200


def test_revoking_twice_keeps_the_first_time(api: ApiClient, alice: User) -> None:
    other = json.loads(api.post("/api-keys", {"name": "old", "scopes": ["read"]}).content)["id"]
    assert api.delete(f"/api-keys/{other}").status_code == 204
    first = ApiKey.objects.get(id=other).revoked_at
    assert api.delete(f"/api-keys/{other}").status_code == 204
    assert ApiKey.objects.get(id=other).revoked_at == first
