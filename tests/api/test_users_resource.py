"""Users through the API, for administrators."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.identifiers import new_id
from accounts.models import AuditEvent, User
from accounts.tiers import Tier
from tests.api.clients import ApiClient, all_items, fields_in, key_for

pytestmark = pytest.mark.django_db


def test_a_user_is_made_read_and_changed(admin_api: ApiClient, admin: User) -> None:
    made = admin_api.post("/users", {"email": "dora@example.com", "tier": "premium"})
    assert made.status_code == 201, made.content
    user = made.json()
    assert (user["tier"], user["is_active"], user["is_staff"]) == ("premium", True, False)
    path = f"/users/{user['id']}"
    assert admin_api.get(path).json() == user
    changed = admin_api.patch(path, {"tier": "standard", "is_active": False})
    assert (changed.json()["tier"], changed.json()["is_active"]) == ("standard", False)
    event = AuditEvent.objects.get(action="user.changed")
    assert (event.actor, event.via) == (admin, "api")
    assert event.actor_key_id == admin.api_keys.get().id
    assert event.request_id == changed.headers["X-Request-ID"]
    assert event.address == "127.0.0.1"


def test_repeated_under_its_key_it_makes_one(admin_api: ApiClient) -> None:
    body = {"email": "dora@example.com"}
    answers = [admin_api.post("/users", body, key="once") for _ in range(3)]
    assert len({answer.content for answer in answers}) == 1
    assert User.objects.filter(email="dora@example.com").count() == 1
    assert admin_api.post("/users", body).json()["code"] == "email_taken"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"email": "nobody"}, {"email"}),
        ({"email": "dora@example.com", "password": "short"}, {"password"}),
        ({"email": "dora@example.com", "tier": "gold"}, {"tier"}),
        ({"email": "dora@example.com", "is_superuser": True}, {"is_superuser"}),
        ({}, {"email"}),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    admin_api: ApiClient, body: dict[str, Any], fields: set[str]
) -> None:
    response = admin_api.post("/users", body)
    assert response.status_code == 422
    assert set(fields_in(response)) == fields


def test_own_and_last_rights_stay(admin_api: ApiClient, admin: User) -> None:
    refused = admin_api.patch(f"/users/{admin.id}", {"tier": "standard"})
    assert (refused.status_code, refused.json()["code"]) == (409, "own_right_kept")
    assert admin_api.get(f"/users/{new_id()}").status_code == 404
    assert admin_api.patch(f"/users/{new_id()}", {"tier": "standard"}).status_code == 404
    assert admin_api.post(f"/users/{new_id()}/sign-out").status_code == 404


def test_without_the_admin_scope_there_are_no_users(
    api: ApiClient, alice: User, admin: User
) -> None:
    weak = ApiClient(key_for(admin))
    for client in (api, weak):
        for answer in (
            client.get("/users"),
            client.post("/users", {"email": "dora@example.com"}),
            client.get(f"/users/{alice.id}"),
            client.patch(f"/users/{alice.id}", {"tier": "admin"}),
            client.post(f"/users/{alice.id}/sign-out"),
            client.get("/operations/audit-events"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_a_demoted_admins_key_ends_here(admin_api: ApiClient, admin: User) -> None:
    User.objects.create_user("dan@example.com", tier=Tier.ADMIN)
    assert admin_api.get("/users").status_code == 200
    User.objects.filter(id=admin.id).update(tier=Tier.PREMIUM)
    # Within the second that a key is remembered, the operation itself asks.
    refused = admin_api.post("/users", {"email": "dora@example.com"})
    assert refused.status_code == 403


def test_signing_out_closes_his_keys(admin_api: ApiClient, api: ApiClient, alice: User) -> None:
    assert api.get("/me").status_code == 200
    assert admin_api.post(f"/users/{alice.id}/sign-out").status_code == 204
    assert api.get("/me").status_code == 401


def test_users_are_found_by_filters_and_paged(admin_api: ApiClient, alice: User) -> None:
    for index in range(5):
        User.objects.create_user(f"user{index}@example.com", tier="standard")
    User.objects.filter(email="user0@example.com").update(is_active=False)
    listed = all_items(admin_api, "/users", limit=2)
    assert len(listed) == 7

    def emails(**query: Any) -> set[str]:
        return {user["email"] for user in all_items(admin_api, "/users", **query)}

    assert emails(search="ALICE") == {alice.email}
    assert emails(tier="premium") == {alice.email}
    assert emails(is_active="false") == {"user0@example.com"}
    assert emails(tier="standard", is_active="true", search="user") == {
        f"user{index}@example.com" for index in range(1, 5)
    }
