from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import auth
from accounts.api_keys import revoke_key
from accounts.models import ApiKey, User
from tests.api.clients import ApiClient, key_for


def test_a_bearer_key_is_accepted(api: ApiClient, alice: User) -> None:
    response = api.get("/me")
    assert response.status_code == 200
    assert response.json()["email"] == alice.email
    assert response.json()["scopes"] == ["read", "trade"]
    assert response.json()["allowance"]["watchlists"] == 50


def test_a_key_in_its_own_header_is_accepted(alice: User, anonymous: Client) -> None:
    response = anonymous.get("/api/v1/me", headers={"X-API-Key": key_for(alice)})
    assert response.status_code == 200


def test_no_key_is_refused_with_the_way_to_send_one(anonymous: Client, db: None) -> None:
    response = anonymous.get("/api/v1/me")
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "unauthenticated"


def test_a_session_cookie_alone_does_not_count(alice: User, anonymous: Client) -> None:
    anonymous.force_login(alice)
    assert anonymous.get("/api/v1/me").status_code == 401


@pytest.mark.usefixtures("forgotten_in_time")
def test_a_revoked_key_is_refused_within_a_second(alice: User) -> None:
    key = key_for(alice)
    api = ApiClient(key)
    assert api.get("/me").status_code == 200
    row = ApiKey.objects.get(owner=alice)
    revoke_key(key_id=row.id, owner=alice, revoked_at=timezone.now())
    assert auth.MEMORY_SECONDS < 1
    auth.memory.forget()  # what half a second does
    assert api.get("/me").status_code == 401


def test_revoking_through_the_api_is_effective_at_once(api: ApiClient, alice: User) -> None:
    other = ApiClient(key_for(alice))
    assert other.get("/me").status_code == 200
    newest = ApiKey.objects.for_user(alice).latest("created_at")
    assert api.delete(f"/api-keys/{newest.id}").status_code == 204
    assert other.get("/me").status_code == 401


def test_an_expired_key_is_refused(alice: User) -> None:
    now = timezone.now()
    key = key_for(alice, created_at=now - timedelta(days=2), expires_at=now - timedelta(seconds=1))
    assert ApiClient(key).get("/me").status_code == 401


def test_a_key_of_somebody_deactivated_is_refused(alice: User) -> None:
    key = key_for(alice)
    alice.is_active = False
    alice.save()
    assert ApiClient(key).get("/me").status_code == 401


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda key: key[:-1] + ("0" if key[-1] != "0" else "1"), id="checksum"),
        pytest.param(lambda key: key[:-10], id="cut off"),
        pytest.param(lambda key: key + "0", id="too long"),
        pytest.param(lambda _: "hf_live_", id="prefix only"),
        pytest.param(lambda _: "ключ", id="not ascii"),
    ],
)
def test_a_mistyped_key_is_refused_without_a_query(
    alice: User, spoil: object, django_assert_num_queries: object
) -> None:
    key = spoil(key_for(alice))  # type: ignore[operator]
    with django_assert_num_queries(0):  # type: ignore[operator]
        response = Client().get("/api/v1/me", headers={"X-API-Key": key})
    assert response.status_code == 401


def test_the_wrong_scope_is_refused(alice: User) -> None:
    reader = ApiClient(key_for(alice, scopes=["read"]))
    response = reader.post("/api-keys", {"name": "more", "scopes": ["read"]})
    assert response.status_code == 403
    assert response.json()["code"] == "scope_missing"


def test_a_busy_key_costs_one_query_and_notes_its_use_once_a_minute(
    alice: User, django_assert_num_queries: object
) -> None:
    api = ApiClient(key_for(alice))
    with django_assert_num_queries(2):  # type: ignore[operator]
        for _ in range(5):
            api.get("/me")
    assert ApiKey.objects.get(owner=alice).latest_use_at is not None
    auth.memory.forget()
    with django_assert_num_queries(1):  # type: ignore[operator]
        api.get("/me")


def test_the_key_is_stored_as_a_hash_only(alice: User) -> None:
    text = key_for(alice)
    row = ApiKey.objects.filter(owner=alice).values().get()
    secret = text.split("_")[3]
    assert all(secret not in str(value) for value in row.values())
    assert secret.encode() not in bytes(row["secret_hash"])
